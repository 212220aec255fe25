"""Forms of the pages about people. Fields are named as the use cases name what is wrong with them."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import ADMIN, ADMIN_READONLY
from apikeys.web.forms import WINDOWS
from litemaas.web.forms import WholeNumber
from litemaas.web.templatetags.formats import window as window_text
from portal.web.people.words import ROLE_HELP, ROLES

_NOT_NEGATIVE = {"min_value": _("Enter 0 or more."), "invalid": _("Enter a number.")}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea({"rows": 3})
    )


class NeededReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("A reason is required, the user will see it.")},
    )


class RolesForm(forms.Form):
    """`locked` roles stay whatever is sent: those of the last administrator."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=list(ROLES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )
    both = forms.BooleanField(
        label=_("Give both administrator roles"),
        required=False,
        help_text=_("The read-only role then changes nothing: the full one counts."),
    )

    def __init__(self, data: QueryDict | None, *, user: User, locked: set[str]) -> None:
        self.locked = locked
        if data is not None and locked:
            data = data.copy()
            data.setlist("roles", sorted({*data.getlist("roles"), *locked}))
        super().__init__(data, initial={"roles": user.roles})

    @property
    def locks(self) -> dict[str, str]:
        """Why a switch can't be used, for `{% switches %}`."""
        text = gettext("The last active administrator. Make somebody else one first.")
        return dict.fromkeys(self.locked, text)

    @property
    def helps(self) -> dict[str, str]:
        return {role: str(words) for role, words in ROLE_HELP.items()}

    @property
    def asks_for_both(self) -> bool:
        return bool(self.errors.get("both"))

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        roles = set(values.get("roles", []))
        if {ADMIN, ADMIN_READONLY} <= roles and not values.get("both"):
            self.add_error(
                "both", gettext("Administrator and read-only administrator contradict each other.")
            )
        return values


class LimitsForm(forms.Form):
    """Every field shows what is set; what is emptied is unlimited."""

    max_budget = forms.DecimalField(
        label=_("Budget"),
        required=False,
        localize=True,
        min_value=0,
        max_digits=20,
        decimal_places=10,
        error_messages=_NOT_NEGATIVE,
        help_text=_("Empty is unlimited; 0 lets nothing through."),
    )
    budget_duration = forms.CharField(
        label=_("Budget starts again"),
        required=False,
        max_length=20,
        widget=forms.Select(choices=[("", _("Never")), *WINDOWS]),
    )
    tpm_limit = WholeNumber(
        label=_("Tokens per minute"),
        required=False,
        min_value=0,
        error_messages=_NOT_NEGATIVE,
        help_text=_("Empty is unlimited."),
    )
    rpm_limit = WholeNumber(
        label=_("Requests per minute"),
        required=False,
        min_value=0,
        error_messages=_NOT_NEGATIVE,
        help_text=_("Empty is unlimited."),
    )

    def __init__(self, data: QueryDict | None, *, user: User, is_locked: bool) -> None:
        budget = user.max_budget.normalize() if user.max_budget is not None else None
        super().__init__(
            data,
            initial={
                "max_budget": f"{budget:f}" if budget is not None else None,
                "budget_duration": user.budget_window,
                "tpm_limit": user.tpm_limit,
                "rpm_limit": user.rpm_limit,
            },
        )
        window: Any = self.fields["budget_duration"].widget
        if user.budget_window and user.budget_window not in dict(WINDOWS):
            window.choices = [*window.choices, (user.budget_window, window_text(user.budget_window))]
        for field in self.fields.values():
            field.disabled = is_locked

    @property
    def limits(self) -> dict[str, Any]:
        """By wire name."""
        values = self.cleaned_data
        return {
            "maxBudget": values["max_budget"],
            "budgetDuration": values["budget_duration"] or None,
            "tpmLimit": values["tpm_limit"],
            "rpmLimit": values["rpm_limit"],
        }


class GrantForm(forms.Form):
    model_ids = forms.MultipleChoiceField(
        label=_("Models"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Those that are subscribed to already are left as they are."),
        error_messages={"required": _("Choose at least one model.")},
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, data: QueryDict | None, *, models: list[str], subscribed: set[str]) -> None:
        super().__init__(data)
        field: Any = self.fields["model_ids"]
        field.choices = [
            (name, gettext("%(model)s (subscribed)") % {"model": name} if name in subscribed else name)
            for name in models
        ]


class DeleteKeyForm(ReasonForm):
    """Typed, because it can't be undone."""

    typed = forms.CharField(
        label=_("Name of the key"),
        max_length=255,
        error_messages={"required": _("This is not the name of the key.")},
    )
    field_order = ["typed", "reason"]

    def __init__(self, data: QueryDict | None, *, name: str) -> None:
        super().__init__(data)
        self._name = name
        self.fields["typed"].help_text = gettext("Type “%(name)s” to confirm.") % {"name": name}

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self._name.strip():
            raise forms.ValidationError(gettext("This is not the name of the key."))
        return typed
