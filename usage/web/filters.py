"""What the usage pages show, as their address says. Wrong values are ignored, but for dates: `problem` tells."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from apikeys.models import ApiKey
from litemaas.errors import DomainError
from teams.models import Team
from usage.errors import DateRangeTooLarge
from usage.filter_options import models_used
from usage.periods import MAX_ADMIN_DAYS, MAX_DAYS, Period, last_days, read_period
from usage.questions import Filters, Question
from usage.scopes import Scope

DEFAULT_DAYS = 30
CUSTOM = "custom"
METRICS = {
    "requests": _("Requests"),
    "total_tokens": _("Total tokens"),
    "prompt_tokens": _("Prompt tokens"),
    "completion_tokens": _("Completion tokens"),
    "cost": _("Cost"),
}
_PERIODS = [
    ("1", _("Today")),
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
    (CUSTOM, _("Custom dates")),
]
# More people than these are not listed by a search, and not narrowed to.
_MOST_PEOPLE = 50


def _date_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


def several(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class PeriodFilter(forms.Form):
    """Period and metric. `suggested` are shorter periods for one that is too long."""

    max_days = MAX_DAYS

    period = forms.ChoiceField(label=_("Period"), choices=_PERIODS)
    first = _date_field(_("From"))
    last = _date_field(_("To"))
    metric = forms.ChoiceField(label=_("Metric"), choices=list(METRICS.items()))

    def __init__(self, query: QueryDict, *, now: datetime) -> None:
        data = query.copy()
        data.setdefault("period", str(DEFAULT_DAYS))
        data.setdefault("metric", "requests")
        super().__init__(data)
        self.problem = ""
        self.suggested: list[dict[str, str]] = []
        self.chosen = self._read_period(data, now)

    def _read_period(self, data: QueryDict, now: datetime) -> Period:
        wanted = data.get("period", "")
        if wanted == CUSTOM:
            try:
                return read_period(data.get("first"), data.get("last"), now=now, max_days=self.max_days)
            except DateRangeTooLarge as error:
                self.suggested = error.data["suggestedRanges"]
                self.problem = gettext("At most %(days)s days can be shown at once.") % {
                    "days": self.max_days
                }
            except DomainError:
                self.problem = self._what_is_wrong(data)
        count = int(wanted) if wanted in {"1", "7", "30", "90"} else DEFAULT_DAYS
        return last_days(count, now)

    def _what_is_wrong(self, data: QueryDict) -> str:
        if not data.get("first") or not data.get("last"):
            return gettext("Choose the first and the last day. Until then you see the last 30 days.")
        return gettext("These dates can't be shown: the first must not be after the last.")

    @property
    def metric_name(self) -> str:
        wanted = self.cleaned_data.get("metric")
        return wanted if wanted in METRICS else "requests"

    def offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for the type checker
        field.choices = list(choices)

    def picked(self, name: str) -> list[str]:
        """The chosen values that are offered."""
        known = dict(self.fields[name].choices)  # type: ignore[attr-defined]
        asked: list[str] = self.data.getlist(name)  # type: ignore[attr-defined]
        return [value for value in asked if value in known]


class UsageFilter(PeriodFilter):
    """One's own usage: by model and key, also by keys that were revoked."""

    model = several(_("Models"))
    key = several(_("API keys"))
    field_order = ["period", "first", "last", "model", "key", "metric"]

    def __init__(self, query: QueryDict, *, user: User, now: datetime) -> None:
        super().__init__(query, now=now)
        used = models_used(Question(Scope.of(user), self.chosen), now=now)
        self.offer("model", ((name, name) for name in dict.fromkeys(model.name for model in used)))
        keys = ApiKey.objects.filter(owner=user).order_by("name", "pk")
        self.offer("key", ((str(pk), _named(name, ended)) for pk, name, ended in _listed(keys)))
        self.full_clean()

    @property
    def filters(self) -> Filters:
        return Filters(model=self.picked("model"), apiKey=[UUID(pk) for pk in self.picked("key")])


class OperatorFilter(PeriodFilter):
    """Everybody's usage. `userIds`, `apiKeyIds` and `modelIds` in the address are honoured too."""

    max_days = MAX_ADMIN_DAYS

    person = forms.CharField(
        label=_("User"),
        required=False,
        max_length=150,
        widget=forms.TextInput({"type": "search", "placeholder": _("Name or e-mail")}),
    )
    model = several(_("Models"))
    provider = several(_("Providers"))
    team = several(_("Teams"))
    field_order = ["period", "first", "last", "person", "team", "provider", "model", "metric"]

    def __init__(self, query: QueryDict, *, actor: User, now: datetime) -> None:
        super().__init__(query, now=now)
        used = models_used(Question(Scope.visible_to(actor), self.chosen), now=now)
        self.offer("model", ((name, name) for name in dict.fromkeys(model.name for model in used)))
        providers = sorted({model.provider for model in used if model.provider})
        self.offer("provider", ((name, name) for name in providers))
        teams = Team.objects.visible_to(actor).order_by("name")[:200].values_list("pk", "name")
        self.offer("team", ((str(pk), name) for pk, name in teams))
        self.full_clean()
        self.people = self._people(actor)

    def _people(self, actor: User) -> list[User] | None:
        """Those who are meant; None when everybody is."""
        text = str(self.cleaned_data.get("person") or "").strip()
        ids = _uuids(self.data.getlist("userIds"))  # type: ignore[attr-defined]
        if not text and not ids:
            return None
        rows = User.objects.visible_to(actor)
        if text:
            rows = rows.filter(Q(username__icontains=text) | Q(email__icontains=text))
        return list((rows.filter(pk__in=ids) if ids else rows).order_by("username")[:_MOST_PEOPLE])

    @property
    def filters(self) -> Filters:
        data: QueryDict = self.data  # type: ignore[assignment]
        # Nobody fits the search: a value that nobody has.
        people = None if self.people is None else [person.pk for person in self.people] or [UUID(int=1)]
        return Filters(
            user=people or (),
            apiKey=_uuids(data.getlist("apiKeyIds")),
            team=[UUID(pk) for pk in self.picked("team")],
            provider=self.picked("provider"),
            model=self.picked("model") + [name for name in data.getlist("modelIds") if "\x00" not in name],
        )


def _listed(keys: Any) -> Iterable[tuple[Any, str, bool]]:
    rows = keys.values_list("pk", "name", "revoked_at")
    return ((pk, name, revoked_at is not None) for pk, name, revoked_at in rows)


def _named(name: str, ended: bool) -> str:
    return gettext("%(name)s (revoked)") % {"name": name} if ended else name


def _uuids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
