"""Forms of the limits that administrators set."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from accounts.models import User
from apikeys.key_policy import KeyPolicy
from litemaas.web.forms import WholeNumber
from litemaas.web.templatetags.formats import money_text, number_text
from portal.web.people.words import ROLES
from portal.web.settings.forms import SettingsForm, amount_field, rate_field

# Above so many people the act is confirmed by typing their number.
MANY = 50
_DAYS = (7, 30, 60, 90, 180, 365, 730)
WINDOWS = [
    ("", gettext_lazy("Never")),
    ("daily", gettext_lazy("Daily")),
    ("weekly", gettext_lazy("Weekly")),
    ("monthly", gettext_lazy("Monthly")),
    ("yearly", gettext_lazy("Yearly")),
]
_BUDGET, _TPM, _RPM = (
    gettext_lazy("Budget"),
    gettext_lazy("Tokens per minute"),
    gettext_lazy("Requests per minute"),
)


class NewUsersForm(SettingsForm):
    user_max_budget = amount_field(_BUDGET)
    user_tpm_limit = rate_field(_TPM)
    user_rpm_limit = rate_field(_RPM)

    def __init__(
        self, data: Any, present: Mapping[str, Any], deployment: Mapping[str, Any], **options: Any
    ) -> None:
        """`deployment`: by field what holds where nothing is set."""
        super().__init__(data, present, **options)
        for name, value in deployment.items():
            told = _("Unlimited") if value is None else number_text(value)
            self.fields[name].widget.attrs["placeholder"] = told
            self.fields[name].help_text = (
                _("Empty is unlimited, as the deployment says.")
                if value is None
                else _("Empty: as the deployment says, %(value)s.") % {"value": told}
            )


# Field of the form → what the policy calls it.
DEFAULTS = {
    "default_tpm_limit": "tpmLimit",
    "default_rpm_limit": "rpmLimit",
    "default_max_budget": "maxBudget",
    "default_expiration_days": "expirationDays",
    "default_budget_duration": "budgetDuration",
    "default_soft_budget": "softBudget",
}
MAXIMUMS = {
    "maximum_tpm_limit": "tpmLimit",
    "maximum_rpm_limit": "rpmLimit",
    "maximum_max_budget": "maxBudget",
    "maximum_expiration_days": "expirationDays",
}
_DEFAULT, _MAXIMUM = gettext_lazy("Default"), gettext_lazy("Maximum")


def _days_field(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, required=False, coerce=int, empty_value=None)


class KeysForm(SettingsForm):
    """Defaults and maximums of keys; a window and a soft budget have a default only."""

    default_tpm_limit = rate_field(_DEFAULT)
    maximum_tpm_limit = rate_field(_MAXIMUM)
    default_rpm_limit = rate_field(_DEFAULT)
    maximum_rpm_limit = rate_field(_MAXIMUM)
    default_max_budget = amount_field(_DEFAULT)
    maximum_max_budget = amount_field(_MAXIMUM)
    default_expiration_days = _days_field(_DEFAULT)
    maximum_expiration_days = _days_field(_MAXIMUM)
    default_budget_duration = forms.CharField(
        label=gettext_lazy("Budget starts again"), required=False, widget=forms.Select(choices=WINDOWS)
    )
    default_soft_budget = amount_field(gettext_lazy("Warn at"))

    def __init__(self, data: Any, policy: KeyPolicy, **options: Any) -> None:
        present = {name: policy.defaults[wire] for name, wire in DEFAULTS.items()}
        present |= {name: policy.maximums[wire] for name, wire in MAXIMUMS.items()}
        super().__init__(
            data, {**present, "default_budget_duration": present["default_budget_duration"] or ""}, **options
        )
        for name in ("tpm_limit", "rpm_limit", "max_budget"):
            self.fields[f"default_{name}"].widget.attrs["placeholder"] = _("Unlimited")
            self.fields[f"maximum_{name}"].widget.attrs["placeholder"] = _("No maximum")
        most = present["maximum_expiration_days"]
        self._offer_days("default_expiration_days", _("Never"), most)
        self._offer_days("maximum_expiration_days", _("No maximum"), None)
        window = present["default_budget_duration"]
        if window and window not in dict(WINDOWS):
            self.fields["default_budget_duration"].widget.choices = [*WINDOWS, (window, window)]

    def _offer_days(self, name: str, none: str, most: int | None) -> None:
        """The usual lives of keys up to `most`, and the present one, whatever it is."""
        present = self.present[name]
        days = sorted(
            {day for day in _DAYS if most is None or day <= most} | ({present} if present else set())
        )
        field: Any = self.fields[name]
        field.choices = [("", none), *((day, _days(day)) for day in days)]

    def asked(self) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """New defaults and maximums by wire name, and the titles of the defaults that had to go: they were there
        before, and are above the new maximum."""
        found = self.cleaned_data
        defaults = {wire: found[name] if found[name] != "" else None for name, wire in DEFAULTS.items()}
        maximums = {wire: found[name] for name, wire in MAXIMUMS.items()}
        gone = []
        for name, wire in DEFAULTS.items():
            most = maximums.get(wire)
            is_old = defaults[wire] is not None and defaults[wire] == self.present[name]
            if is_old and most is not None and defaults[wire] > most:
                defaults[wire] = None
                gone.append(str(TITLES[wire]))
        return defaults, maximums, gone


TITLES = {
    "tpmLimit": _TPM,
    "rpmLimit": _RPM,
    "maxBudget": _BUDGET,
    "expirationDays": gettext_lazy("How long a key works"),
}


def _days(count: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", count) % {"n": number_text(count)}


_NOBODY_NAMED = ngettext_lazy(
    "There is no active user “%(names)s”.", "There are no active users “%(names)s”.", "count"
)


class EverybodyForm(forms.Form):
    """One change of limits for many. What is empty stays as it is; 0 is a limit."""

    max_budget = amount_field(_BUDGET)
    tpm_limit = rate_field(_TPM)
    rpm_limit = rate_field(_RPM)
    whom = forms.ChoiceField(
        label=gettext_lazy("For whom"),
        widget=forms.RadioSelect,
        initial="all",
        choices=[
            ("all", gettext_lazy("All active users")),
            ("role", gettext_lazy("Users with a role")),
            ("named", gettext_lazy("Users that I name")),
        ],
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False, choices=[("", ""), *ROLES.items()])
    people = forms.CharField(
        label=gettext_lazy("User names"),
        required=False,
        max_length=100_000,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("User names or e-mail addresses, one on each line."),
    )

    def __init__(self, data: Any = None, *, may_change: bool = True) -> None:
        super().__init__(data)
        if not may_change:
            for field in self.fields.values():
                field.disabled = True

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not self.errors and not self.limits():
            self.add_error(None, _("Give at least one limit."))
        if found.get("whom") == "role" and not found.get("role"):
            self.add_error("role", _("Choose a role."))
        if found.get("whom") == "named":
            found["user_ids"] = self._ids(found.get("people", ""))
        return found

    def limits(self) -> dict[str, Any]:
        """By wire name; what is empty is not named."""
        named = {"maxBudget": "max_budget", "tpmLimit": "tpm_limit", "rpmLimit": "rpm_limit"}
        values = {wire: self.cleaned_data.get(name) for wire, name in named.items()}
        return {wire: value for wire, value in values.items() if value is not None}

    def told(self) -> list[tuple[str, str]]:
        """The limits in the reader's words."""
        return [
            (str(TITLES[wire]), money_text(value) if wire == "maxBudget" else number_text(value))
            for wire, value in self.limits().items()
        ]

    def _ids(self, text: str) -> list[UUID]:
        names = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if not names:
            self.add_error("people", _("Name at least one user."))
            return []
        rows = User.objects.active().filter(is_service=False)
        known = {name: pk for pk, name in rows.filter(username__in=names).values_list("pk", "username")}
        mails = {mail: pk for pk, mail in rows.filter(email__in=names).values_list("pk", "email")}
        if missing := [name for name in names if name not in known and name not in mails]:
            said = _NOBODY_NAMED % {"count": len(missing), "names": ", ".join(missing[:5])}
            self.add_error("people", said)
        return [known.get(name) or mails[name] for name in names if name in known or name in mails]


class SureForm(forms.Form):
    """How many people it is for, typed; the use case's dry run has just counted them."""

    confirm = WholeNumber(required=True)

    def __init__(self, data: Any, count: int) -> None:
        super().__init__(data)
        self.count = count
        self.fields["confirm"].label = _("Type the number of users, %(n)s, to confirm") % {
            "n": number_text(count)
        }

    def clean_confirm(self) -> int:
        typed: int = self.cleaned_data["confirm"]
        if typed != self.count:
            raise forms.ValidationError(
                _("It is for %(n)s users now. Type this number.") % {"n": number_text(self.count)}
            )
        return typed
