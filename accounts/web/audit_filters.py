"""What can be asked of the record of acts on its page."""

from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import options
from accounts.audit import queries, words
from accounts.audit.queries import Filter
from accounts.models import User
from accounts.saved_filters import LONGEST_NAME

_DATE = {"type": "date"}
_API = "API_ACCESS"


class AuditFilter(forms.Form):
    """Wrong values are ignored: an old or mistyped address still shows a list."""

    search = forms.CharField(
        label=_("Search action, object, details"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search"}),
    )
    category = forms.ChoiceField(label=_("Category"), required=False)
    action = forms.ChoiceField(label=_("Action"), required=False)
    user = forms.CharField(
        label=_("User name or e-mail"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"data-suggest": "suggest_people"}),
    )
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(_DATE, format="%Y-%m-%d"))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(_DATE, format="%Y-%m-%d"))
    result = forms.ChoiceField(
        label=_("Result"),
        required=False,
        choices=[("", ""), ("done", _("Done")), ("refused", _("Refused"))],
    )
    api = forms.BooleanField(label=_("Show API requests"), required=False)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        category = query.get("category", "")
        self._offer("category", {code: words.category_text(code) for code in queries.categories()})
        # Only the actions of the chosen category, and not those that are not shown.
        without = () if query.get("api") or category == _API else (_API,)
        codes = queries.actions(resource_type=category, without_types=without)
        self._offer("action", {code: words.action_text(code) for code in codes})
        self.full_clean()
        self.unknown_user = ""

    def _offer(self, name: str, texts: dict[str, str]) -> None:
        field: Any = self.fields[name]
        found = sorted(texts.items(), key=lambda pair: pair[1].casefold())
        field.choices = [("", ""), *found]

    @property
    def asked(self) -> Filter | None:
        """None where nothing can fit: nobody has that name."""
        chosen = self.cleaned_data
        user_id = None
        if name := chosen.get("user", "").strip():
            user_id = _user_named(name)
            if user_id is None:
                self.unknown_user = name
                return None
        category = chosen.get("category", "")
        shows_calls = chosen.get("api") or category == _API
        return Filter(
            actions=(chosen["action"],) if chosen.get("action") else (),
            resource_type=category,
            without_types=() if shows_calls else (_API,),
            user_id=user_id,
            since=_beginning(chosen.get("since")),
            until=_beginning(chosen.get("until"), days=1),
            search=chosen.get("search", "").strip(),
            success={"done": True, "refused": False}.get(chosen.get("result", "")),
        )

    @property
    def query(self) -> str:
        """The filters in use, as they stand behind the question mark of the address."""
        kept = QueryDict(mutable=True)
        for name in self.fields:
            if value := self.data.get(name, ""):
                kept[name] = value
        return kept.urlencode()


def _user_named(name: str) -> UUID | None:
    named = Q(username__iexact=name) | Q(email__iexact=name)
    with suppress(ValueError):
        named |= Q(pk=UUID(name))
    found: UUID | None = User.objects.filter(named).order_by("username").values_list("pk", flat=True).first()
    return found


def _beginning(day: Any, *, days: int = 0) -> datetime | None:
    """Of a day in the reporting time zone, or of one after it; None beyond what a date can be."""
    if day is None:
        return None
    try:
        return datetime.combine(
            day + timedelta(days=days), time(), ZoneInfo(options.value("reportingTimeZone"))
        )
    except OverflowError:
        return None


class SaveForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME, help_text=_("One that you have by this name is replaced.")
    )
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)
