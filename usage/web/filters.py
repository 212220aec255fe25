"""What the usage pages show, as their address says. Wrong values are ignored, but for dates: `problem` tells."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from apikeys.models import ApiKey
from litemaas.errors import DomainError
from teams.models import Team
from usage.errors import DateRangeTooLarge
from usage.filter_options import models_used
from usage.periods import MAX_DAYS, Period, last_days, read_period
from usage.questions import Filters, Question
from usage.scopes import Scope

DEFAULT_DAYS = 30
CUSTOM = "custom"
_PERIODS = [
    ("1", _("Today")),
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
    (CUSTOM, _("Custom dates")),
]
_COMPARISONS = [("before", _("Compared with the period before")), ("none", _("Not compared"))]
_MOST_ASKED = 100
# A longer period gets a note.
_LONG = 30


def _date_field(label: Any) -> forms.DateField:
    # Who chooses a day means custom dates.
    attributes = {"type": "date", "data-selects": f"period={CUSTOM}"}
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attributes, "%Y-%m-%d"))


def several(label: Any, hint: Any = "") -> forms.MultipleChoiceField:
    """`hint` is shown in place of the choices where there are none."""
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.CheckboxSelectMultiple, help_text=hint
    )


class PeriodFilter(forms.Form):
    """Period and comparison. `suggested` are shorter periods for one that is too long."""

    max_days = MAX_DAYS

    period = forms.ChoiceField(label=_("Period"), choices=_PERIODS)
    first = _date_field(_("From"))
    last = _date_field(_("To"))
    compare = forms.ChoiceField(label=_("Comparison"), choices=_COMPARISONS)

    def __init__(self, query: QueryDict, *, now: datetime) -> None:
        data = query.copy()
        data.setdefault("period", CUSTOM if query.get("first") and query.get("last") else str(DEFAULT_DAYS))
        data.setdefault("compare", "before")
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
    def is_refused(self) -> bool:
        """Whether the period is too long: nothing is shown but the shorter ones."""
        return bool(self.suggested)

    @property
    def is_long(self) -> bool:
        return self.data.get("period") == CUSTOM and len(self.chosen) > _LONG

    @property
    def compares(self) -> bool:
        return self.data.get("compare") != "none"

    def offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for the type checker
        field.choices = list(choices)

    def picked(self, name: str) -> list[str]:
        """The chosen values that are offered."""
        known = dict(self.fields[name].choices)  # type: ignore[attr-defined]
        asked: list[str] = self.data.getlist(name)  # type: ignore[attr-defined]
        return [value for value in asked if value in known]

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """The filters in use: the name of each, and its values."""
        found = []
        for name, field in self.fields.items():
            if isinstance(field, forms.MultipleChoiceField) and (picked := self.picked(name)):
                words = {str(value): str(word) for value, word in field.choices}  # type: ignore[misc, union-attr]
                found.append((str(field.label), ", ".join(words[value] for value in picked)))
        return found

    def offer_models(self, used: Iterable[str]) -> None:
        """Offers the models that were used in the period, and those that a link names."""
        asked = self.data.getlist("modelIds")[:_MOST_ASKED]  # type: ignore[attr-defined]
        named = (name[:255] for name in asked if "\x00" not in name)
        names = dict.fromkeys([*used, *named])
        self.offer("modelIds", ((name, name) for name in names if name))

    def offer_models_of(self, scope: Scope, now: datetime) -> None:
        self.offer_models(model.name for model in models_used(Question(scope, self.chosen), now=now))


class UsageFilter(PeriodFilter):
    """One's own usage: by model, key (also revoked ones) and team."""

    modelIds = several(_("Models"), _("Nothing was used in this period."))
    apiKeyIds = several(_("API keys"), _("You have no keys yet."))
    teamIds = several(_("Teams"))
    field_order = ["period", "first", "last", "modelIds", "apiKeyIds", "teamIds", "compare"]

    def __init__(self, query: QueryDict, *, user: User, now: datetime) -> None:
        super().__init__(query, now=now)
        self.offer_models_of(Scope.of(user), now)
        keys = ApiKey.objects.filter(owner=user).order_by("name", "pk")
        self.offer("apiKeyIds", ((str(pk), _named(name, ended)) for pk, name, ended in _listed(keys)))
        teams = Team.objects.filter(members__user=user).order_by("name").values_list("pk", "name")
        self.offer("teamIds", ((str(pk), name) for pk, name in teams))
        if len(self.fields["teamIds"].choices) < 2:  # type: ignore[attr-defined]
            # With one team there is nothing to choose.
            del self.fields["teamIds"]
        self.full_clean()

    @property
    def filters(self) -> Filters:
        return Filters(
            model=self.picked("modelIds"),
            apiKey=[UUID(pk) for pk in self.picked("apiKeyIds")],
            team=[UUID(pk) for pk in self.picked("teamIds")] if "teamIds" in self.fields else (),
        )


def _listed(keys: Any) -> Iterable[tuple[Any, str, bool]]:
    rows = keys.values_list("pk", "name", "revoked_at")
    return ((pk, name, revoked_at is not None) for pk, name, revoked_at in rows)


def _named(name: str, ended: bool) -> str:
    return gettext("%(name)s (revoked)") % {"name": name} if ended else name


def uuids(texts: Iterable[str]) -> list[UUID]:
    """What is one among these texts; one text may hold several, with commas between them."""
    found = []
    for text in (part for whole in texts for part in whole.split(",")):
        try:
            found.append(UUID(text.strip()))
        except ValueError:
            continue
    return found
