"""What the usage page shows, as its address says."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from litemaas.errors import DomainError
from usage.filter_options import models_used
from usage.periods import Period, last_days, read_period
from usage.questions import Question
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


def _date_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class UsageFilter(forms.Form):
    """Wrong values are ignored, but for dates: `problem` says what is wrong with those."""

    period = forms.ChoiceField(label=_("Period"), choices=_PERIODS)
    first = _date_field(_("From"))
    last = _date_field(_("To"))
    model = forms.MultipleChoiceField(label=_("Models"), required=False, widget=forms.CheckboxSelectMultiple)
    metric = forms.ChoiceField(label=_("Metric"), choices=list(METRICS.items()))

    def __init__(self, query: QueryDict, *, user: User, now: datetime) -> None:
        data = query.copy()
        data.setdefault("period", str(DEFAULT_DAYS))
        data.setdefault("metric", "requests")
        super().__init__(data)
        self.problem = ""
        self.chosen = self._read_period(data, now)
        used = models_used(Question(Scope.of(user), self.chosen), now=now)
        names = [model.name for model in used]
        models = self.fields["model"]
        assert isinstance(models, forms.MultipleChoiceField)  # noqa: S101  for the type checker
        models.choices = [(name, name) for name in dict.fromkeys(names)]
        self.full_clean()

    def _read_period(self, data: QueryDict, now: datetime) -> Period:
        wanted = data.get("period", "")
        if wanted == CUSTOM:
            try:
                return read_period(data.get("first"), data.get("last"), now=now)
            except DomainError:
                self.problem = self._what_is_wrong(data)
        count = int(wanted) if wanted in {"1", "7", "30", "90"} else DEFAULT_DAYS
        return last_days(count, now)

    def _what_is_wrong(self, data: QueryDict) -> str:
        if not data.get("first") or not data.get("last"):
            return gettext("Choose the first and the last day. Until then you see the last 30 days.")
        return gettext(
            "These dates can't be shown: the first must not be after the last, at most 365 days apart."
        )

    @property
    def metric_name(self) -> str:
        wanted = self.cleaned_data.get("metric")
        return wanted if wanted in METRICS else "requests"

    @property
    def models(self) -> list[str]:
        """The chosen models that were used in the period."""
        known = dict(self.fields["model"].choices)  # type: ignore[attr-defined]
        asked: list[str] = self.data.getlist("model")  # type: ignore[attr-defined]
        return [name for name in asked if name in known]
