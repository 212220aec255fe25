"""Filters and forms of the pages about the gateway."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from litellm_sync.models import Finding, FindingQuerySet, GatewayObject, GatewayObjectQuerySet

# The model's own words are English; these are the readers'.
KINDS = {
    "user": _("User"),
    "team": _("Team"),
    "member": _("Member"),
    "key": _("API key"),
    "model": _("Model"),
}
VERDICTS = {
    "missing": _("Missing in the gateway"),
    "different": _("Different in the gateway"),
    "unknown": _("Unknown to the portal"),
}
_LONGEST_IGNORED = timedelta(days=365)


class FindingFilter(forms.Form):
    """Wrong values are ignored: an old or mistyped address still shows a list."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", ""), *KINDS.items()])
    verdict = forms.ChoiceField(label=_("Finding"), required=False, choices=[("", ""), *VERDICTS.items()])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", ""), ("ignored", _("Ignored")), ("settled", _("Settled"))],
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()

    def apply(self, rows: FindingQuerySet, now: datetime) -> FindingQuerySet:
        chosen = self.cleaned_data
        for name in ("kind", "verdict"):
            if chosen.get(name):
                rows = rows.filter(**{name: chosen[name]})
        match chosen.get("state"):
            case "ignored":
                return rows.open().filter(ignored_until__gt=now)
            case "settled":
                return rows.filter(resolved_at__isnull=False)
        return rows.shown(now)


class QueueFilter(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", ""), *KINDS.items()])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", ""),
            ("waiting", _("Waiting")),
            ("retrying", _("Failed, will be tried again")),
            ("refused", _("Refused for good")),
            ("dropped", _("Given up")),
        ],
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()

    def apply(self, rows: GatewayObjectQuerySet) -> GatewayObjectQuerySet:
        chosen = self.cleaned_data
        if chosen.get("kind"):
            rows = rows.filter(kind=chosen["kind"])
        match chosen.get("state"):
            case "waiting":
                return rows.waiting().filter(parked_at__isnull=True, attempts=0)
            case "retrying":
                return rows.waiting().filter(parked_at__isnull=True, attempts__gt=0)
            case "refused":
                return rows.parked()
            case "dropped":
                return rows.dirty().filter(dropped_at__isnull=False)
        return rows.waiting()


# What an operator chooses → the kinds of objects that are compared for it. The gateway knows subscriptions by the keys
# that carry them.
_COMPARED = {
    "users": ("user",),
    "teams": ("team", "member"),
    "subscriptions": ("key",),
    "keys": ("key",),
    "models": ("model",),
}


class CompareForm(forms.Form):
    what = forms.MultipleChoiceField(
        label=_("What to compare"),
        choices=[
            ("users", _("Users")),
            ("teams", _("Teams and their members")),
            ("subscriptions", _("Subscriptions")),
            ("keys", _("API keys")),
            ("models", _("Models that are managed here")),
        ],
        initial=list(_COMPARED),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
        help_text=_("Subscriptions are compared by the keys that open their models."),
    )
    force = forms.BooleanField(
        label=_("Repair whatever differs"),
        required=False,
        help_text=_("Also what was given up, and kinds whose differences are otherwise only reported."),
    )

    @property
    def kinds(self) -> set[str]:
        return {kind for name in self.cleaned_data["what"] for kind in _COMPARED[name]}


class IgnoreForm(forms.Form):
    until = forms.DateField(label=_("Ignore until"), widget=forms.DateInput({"type": "date"}))

    def clean_until(self) -> datetime:
        day: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if day <= today:
            raise forms.ValidationError(_("Choose a future date."))
        if day > today + _LONGEST_IGNORED:
            raise forms.ValidationError(_("Choose a day within the next year."))
        return datetime.combine(day, time.min, timezone.get_current_timezone())


def kind_text(row: Finding | GatewayObject) -> str:
    return str(KINDS.get(row.kind, row.kind))
