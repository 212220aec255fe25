"""Forms of teams. Fields are named as the use cases name what is wrong with them."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Model
from litemaas.web.forms import WholeNumber
from teams.models import Member, Team
from teams.services.invitations import LONGEST_DAYS

_NOT_NEGATIVE = {"min_value": _("Enter 0 or more."), "invalid": _("Enter a number.")}
WINDOWS = [
    ("", _("Never")),
    ("daily", _("Daily")),
    ("weekly", _("Weekly")),
    ("monthly", _("Monthly")),
    ("yearly", _("Yearly")),
]


def _amount(label: Any, help_text: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        localize=True,
        min_value=0,
        max_digits=20,
        decimal_places=10,
        error_messages=_NOT_NEGATIVE,
        help_text=help_text,
    )


def _rate(label: Any) -> WholeNumber:
    return WholeNumber(
        label=label,
        required=False,
        min_value=0,
        error_messages=_NOT_NEGATIVE,
        help_text=_("Empty is unlimited."),
    )


class TeamFilter(forms.Form):
    search = forms.CharField(
        label=_("Search by name"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    role = forms.ChoiceField(label=_("My role"), required=False, choices=[("", ""), *Member.Role.choices])
    everybodys = forms.BooleanField(label=_("All teams"), required=False)

    def __init__(self, query: QueryDict, *, sees_everything: bool) -> None:
        super().__init__(query)
        if not sees_everything:
            del self.fields["everybodys"]
        self.full_clean()


class MemberFilter(forms.Form):
    search = forms.CharField(
        label=_("Search by name or e-mail"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search"}),
    )
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", ""), *Member.Role.choices])

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()


class NameForm(forms.Form):
    """What a team's own administrators set."""

    name = forms.CharField(
        label=_("Name"), max_length=255, error_messages={"required": _("Give the team a name.")}
    )
    alias = forms.CharField(
        label=_("Name at the gateway"),
        max_length=255,
        required=False,
        help_text=_("Shown in the gateway's own pages. Empty is the team's name."),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3, "maxlength": 1000}),
    )


class TeamForm(NameForm):
    """With what only administrators of the portal set."""

    max_budget = _amount(_("Budget"), _("For all keys of the team together. Empty is unlimited."))
    budget_duration = forms.ChoiceField(label=_("Budget starts again"), required=False, choices=WINDOWS)
    soft_budget = _amount(_("Soft budget"), _("A warning is given from here on. Nothing is stopped."))
    tpm_limit = _rate(_("Tokens per minute"))
    rpm_limit = _rate(_("Requests per minute"))
    allowed_models = forms.MultipleChoiceField(
        label=_("Allowed models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: whatever the members are subscribed to."),
    )

    def __init__(self, data: QueryDict | None, *, team: Team | None = None) -> None:
        super().__init__(data, initial=initial_of(team) if team else None)
        window = self.fields["budget_duration"]
        models = self.fields["allowed_models"]
        assert isinstance(window, forms.ChoiceField)  # noqa: S101  for the type checker
        assert isinstance(models, forms.MultipleChoiceField)  # noqa: S101
        if team and team.budget_window not in dict(WINDOWS):
            window.choices = [*WINDOWS, (team.budget_window, team.budget_window)]
        # Also those that have vanished, where the team names them: saving must not take them away.
        names = set(Model.objects.available().values_list("pk", flat=True)) | set(
            self.initial.get("allowed_models", [])
        )
        models.choices = [(name, name) for name in sorted(names)]


def initial_of(team: Team) -> dict[str, Any]:
    return {
        "name": team.name,
        "alias": team.alias,
        "description": team.description,
        "max_budget": plain(team.max_budget),
        "budget_duration": team.budget_window,
        "soft_budget": plain(team.soft_budget),
        "tpm_limit": team.tpm_limit,
        "rpm_limit": team.rpm_limit,
        "allowed_models": sorted(team.allowed_links.values_list("model_id", flat=True)),
    }


def plain(amount: Decimal | None) -> Decimal | None:
    """Without the zeros that the database keeps."""
    return None if amount is None else Decimal(f"{amount.normalize():f}")


class InviteForm(forms.Form):
    email = forms.CharField(
        label=_("E-mail address or user name"),
        max_length=254,
        error_messages={"required": _("Say whom you invite.")},
    )
    role = forms.ChoiceField(label=_("Role"), choices=Member.Role.choices, initial=Member.Role.MEMBER)
    expires_in_days = forms.IntegerField(
        label=_("Good for"), min_value=1, max_value=LONGEST_DAYS, initial=7, help_text=_("Days, 1 to 30.")
    )
    message = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3, "maxlength": 500}),
        help_text=_("Goes along with the invitation. At most 500 characters."),
    )

    def clean_email(self) -> str:
        text: str = self.cleaned_data["email"].strip()
        if "@" not in text and not User.objects.active().filter(username__iexact=text).exists():
            raise forms.ValidationError(_("There is no active account with this user name."))
        return text

    def arguments(self) -> dict[str, Any]:
        """For `invite`."""
        values = dict(self.cleaned_data)
        if "@" not in values["email"]:
            user = User.objects.active().get(username__iexact=values.pop("email"))
            values["user_id"] = user.pk
        return values


class PlaceForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Member.Role.choices, initial=Member.Role.MEMBER)
    max_budget_in_team = _amount(
        _("Budget inside the team"),
        _("Starts again with the team's budget. Empty is unlimited within the team's."),
    )


class AddMemberForm(PlaceForm):
    user_id = forms.CharField(
        label=_("User name or e-mail address"),
        max_length=254,
        error_messages={"required": _("Say whom you add.")},
    )
    field_order = ["user_id", "role", "max_budget_in_team"]

    def clean_user_id(self) -> User:
        text = self.cleaned_data["user_id"].strip()
        column = "email__iexact" if "@" in text else "username__iexact"
        user: User | None = User.objects.active().filter(**{column: text}).first()
        if user is None:
            raise forms.ValidationError(_("There is no active account with this name."))
        return user


class LeaveForm(forms.Form):
    """What happens to the keys of who leaves."""

    transfer_keys_to = forms.ChoiceField(
        label=_("Keys in the team"),
        required=False,
        help_text=_(
            "Keys that nobody takes over stop to work at once. They work again when the person comes back."
        ),
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, data: QueryDict | None, *, heirs: list[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["transfer_keys_to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [("", _("Stop them")), *((pk, _("Give them to %s") % name) for pk, name in heirs)]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, error_messages={"required": _("Give a reason.")}
    )


class DeleteForm(forms.Form):
    confirmation = forms.CharField(
        label=_("The team's name"),
        max_length=255,
        help_text=_("Type it to confirm."),
        error_messages={"required": _("This is not the name of the team.")},
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, data: QueryDict | None, *, name: str) -> None:
        super().__init__(data)
        self._name = name

    def clean_confirmation(self) -> str:
        text: str = self.cleaned_data["confirmation"].strip()
        if text != self._name:
            raise forms.ValidationError(_("This is not the name of the team."))
        return text
