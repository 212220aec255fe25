"""Forms and filters of API keys."""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from litemaas.web.forms import WholeNumber
from subscriptions.models import Subscription

_DAYS = (30, 60, 90, 180, 365)
_ON_DATE = "date"
WINDOWS = [
    ("daily", _("Daily")),
    ("weekly", _("Weekly")),
    ("monthly", _("Monthly")),
    ("yearly", _("Yearly")),
]
_NOT_NEGATIVE = {"min_value": _("Enter 0 or more."), "invalid": _("Enter a number.")}


def subscribed_models(user: User) -> list[str]:
    """The models that a new key of this person may open, by name."""
    rows = Subscription.objects.active().filter(user=user, model__availability="available")
    return list(rows.order_by("model_id").values_list("model_id", flat=True))


class KeyForm(forms.Form):
    """A new key. Its fields are named as the use case names what is wrong with them."""

    # Made with the form, so sending it twice makes one key.
    request_token = forms.CharField(widget=forms.HiddenInput, max_length=128, required=False)
    name = forms.CharField(
        label=_("Name"),
        max_length=255,
        error_messages={"required": _("Give the key a name.")},
        help_text=_("So that you recognise it later, such as “build server”."),
    )
    description = forms.CharField(
        label=_("Description"), max_length=1000, required=False, widget=forms.Textarea({"rows": 2})
    )
    model_ids = forms.MultipleChoiceField(
        label=_("Models"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The models that the key opens. You can choose those that you are subscribed to."),
        error_messages={
            "required": _("Choose at least one model."),
            "invalid_choice": _("You have no active subscription to %(value)s."),
        },
    )
    expires = forms.ChoiceField(
        label=_("Expires"),
        required=False,
        choices=[
            ("", _("Never")),
            *(
                (str(days), ngettext_lazy("In %(n)s day", "In %(n)s days", days) % {"n": days})
                for days in _DAYS
            ),
            (_ON_DATE, _("On a day of my choice")),
        ],
    )
    expires_at = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only for “On a day of my choice”. The key works until the end of this day, UTC."),
    )
    max_budget = forms.DecimalField(
        label=_("Budget"),
        required=False,
        localize=True,
        min_value=0,
        error_messages=_NOT_NEGATIVE,
        help_text=_("In US dollars. Empty is unlimited."),
    )
    budget_duration = forms.ChoiceField(
        label=_("Budget starts again"),
        required=False,
        choices=[("", _("Never")), *WINDOWS],
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

    def __init__(self, data: QueryDict | None, *, models: list[str], chosen: list[str]) -> None:
        super().__init__(data, initial={"request_token": str(uuid.uuid4()), "model_ids": chosen})
        field = self.fields["model_ids"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  for the type checker
        field.choices = [(name, name) for name in models]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("expires") == _ON_DATE and not values.get("expires_at"):
            self.add_error("expires_at", _("Choose a day."))
        return values

    def arguments(self, now: datetime) -> dict[str, Any]:
        """For `issue_api_key`."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "description": values["description"],
            "model_ids": values["model_ids"],
            "request_token": values["request_token"] or None,
            "expires_at": self._expiry(now),
            "max_budget": values["max_budget"],
            "budget_window": values["budget_duration"],
            "tpm_limit": values["tpm_limit"],
            "rpm_limit": values["rpm_limit"],
        }

    def _expiry(self, now: datetime) -> datetime | None:
        choice = self.cleaned_data["expires"]
        if choice == _ON_DATE:
            return datetime.combine(self.cleaned_data["expires_at"], time.max, UTC)
        return now + timedelta(days=int(choice)) if choice else None


class KeyFilter(forms.Form):
    """Revoked and expired keys are listed when they are asked for."""

    search = forms.CharField(
        label=_("Search by name"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    model = forms.ChoiceField(label=_("Model"), required=False)
    ended = forms.BooleanField(label=_("Show ended"), required=False)

    def __init__(self, query: QueryDict, *, models: list[str]) -> None:
        super().__init__(query)
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [("", ""), *((name, name) for name in models)]
        self.full_clean()
