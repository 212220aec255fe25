"""Forms of API keys."""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from apikeys.key_policy import KeyPolicy
from apikeys.limits import gateway_is_enterprise
from apikeys.models import ApiKey
from apikeys.terms import GRANTABLE, PERMISSIONS
from apikeys.web.by_model import BudgetsByModel, RatesByModel
from catalog.models import Model
from litemaas.web.forms import WholeNumber
from subscriptions.models import Subscription
from teams.models import Team
from teams.roles import USES_KEYS, role_of

_DAYS = (30, 60, 90, 180, 365)
_ON_DATE = "date"
_KEEP = "keep"
WINDOWS = [
    ("daily", _("Daily")),
    ("weekly", _("Weekly")),
    ("monthly", _("Monthly")),
    ("yearly", _("Yearly")),
]
_CALLS = [
    ("allowChatCompletions", _("Chat")),
    ("allowEmbeddings", _("Embeddings")),
    ("allowCompletions", _("Text completions")),
]
# Fields that are named as the columns.
_SAME = (
    *("name", "description", "max_budget", "soft_budget", "tpm_limit", "rpm_limit"),
    *(
        "max_parallel_requests",
        "model_rpm_limit",
        "model_tpm_limit",
        "model_max_budget",
        "portal_permissions",
    ),
)
_PORTAL_RIGHTS = {
    "models:read": _("See the models"),
    "subscriptions:read": _("See my subscriptions"),
    "subscriptions:write": _("Change my subscriptions"),
    "api_keys:read": _("See my API keys"),
    "usage:read": _("See my usage"),
    "usage:export": _("Export my usage"),
    "teams:read": _("See my teams"),
}
# Most keys do without them: a form shows them folded.
_RARE = (
    *("tpm_limit", "rpm_limit", "max_parallel_requests", "model_rpm_limit", "model_tpm_limit"),
    *("model_max_budget", "portal_permissions", "tags"),
)
_NOT_NEGATIVE = {"min_value": _("Enter 0 or more."), "invalid": _("Enter a number.")}


def subscribed_models(user: User) -> list[str]:
    """The models that a new key of this person may open, by name."""
    rows = Subscription.objects.active().filter(user=user, model__availability="available")
    return list(rows.order_by("model_id").values_list("model_id", flat=True))


def is_waiting(user: User) -> bool:
    """Whether a request of this person for a model waits for a decision."""
    return Subscription.objects.filter(user=user, status=Subscription.Status.PENDING).exists()


def models_of_team(team: Team) -> list[str]:
    """The models that a service key of this team may open, by name."""
    available = Model.objects.available()
    if team.allowed_links.exists():
        available = available.filter(pk__in=team.allowed_links.values("model_id"))
    return list(available.order_by("pk").values_list("pk", flat=True))


def teams_with_keys(user: User) -> list[tuple[str, str]]:
    """The teams that this person may hold keys of, as choices."""
    rows = Team.objects.active().of(user.pk).annotate(my_role=role_of(user.pk)).filter(my_role__in=USES_KEYS)
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


class KeySettingsForm(forms.Form):
    """What may be set of a key. Its fields are named as the use cases name what is wrong with them."""

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
    expires = forms.ChoiceField(label=_("Expires"), required=False)
    expires_at = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only for “On a day of my choice”. The key works until the end of this day, UTC."),
    )
    max_budget = forms.DecimalField(
        label=_("Budget"), required=False, localize=True, min_value=0, error_messages=_NOT_NEGATIVE
    )
    soft_budget = forms.DecimalField(
        label=_("Warn at"),
        required=False,
        localize=True,
        min_value=0,
        error_messages=_NOT_NEGATIVE,
        help_text=_("Nothing is stopped; you are told."),
    )
    budget_duration = forms.CharField(
        label=_("Budget starts again"),
        required=False,
        widget=forms.Select(choices=[("", _("Never")), *WINDOWS]),
    )
    tpm_limit = WholeNumber(
        label=_("Tokens per minute"), required=False, min_value=0, error_messages=_NOT_NEGATIVE
    )
    rpm_limit = WholeNumber(
        label=_("Requests per minute"), required=False, min_value=0, error_messages=_NOT_NEGATIVE
    )
    max_parallel_requests = WholeNumber(
        label=_("Requests at the same time"),
        required=False,
        min_value=1,
        error_messages={"min_value": _("Enter 1 or more."), "invalid": _("Enter a number.")},
        help_text=_("Empty is unlimited."),
    )
    model_rpm_limit = RatesByModel(
        label=_("Requests per minute of single models"),
        help_text=_("One line for each model, like “model-name: 60”."),
    )
    model_tpm_limit = RatesByModel(
        label=_("Tokens per minute of single models"),
        help_text=_("One line for each model, like “model-name: 10000”."),
    )
    model_max_budget = BudgetsByModel(
        label=_("Budgets of single models"),
        help_text=_("One line for each model, like “model-name: 10 monthly”."),
    )
    permissions = forms.MultipleChoiceField(
        label=_("Calls"),
        choices=_CALLS,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without one of these only the others, and nothing else, can be called."),
        error_messages={"required": _("Allow at least one of them.")},
    )
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=1100, help_text=_("Separated by commas, at most 20.")
    )
    portal_permissions = forms.MultipleChoiceField(
        label=_("Rights on the portal"),
        choices=[(code, _PORTAL_RIGHTS.get(code, code)) for code in GRANTABLE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("For programs that use this key on the portal’s own API. None is usual."),
    )

    def __init__(
        self, data: QueryDict | None, *, models: list[str], policy: KeyPolicy, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, initial={"permissions": list(PERMISSIONS), **initial})
        self.policy = policy
        if not initial.get("model_max_budget") and not gateway_is_enterprise():
            del self.fields["model_max_budget"]
        self._set_choices("model_ids", [(name, name) for name in models])
        self._set_choices("expires", self._expiries())
        for name, wire in (("max_budget", "maxBudget"), ("tpm_limit", "tpmLimit"), ("rpm_limit", "rpmLimit")):
            self.fields[name].help_text = _limit_words(policy, wire)

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = choices

    def _expiries(self) -> list[Any]:
        most = self.policy.maximums["expirationDays"]
        usual = self.policy.defaults["expirationDays"]
        days = [
            (str(day), ngettext_lazy("In %(n)s day", "In %(n)s days", day) % {"n": day})
            for day in sorted({*_DAYS, *(day for day in (most, usual) if day)})
            if most is None or day <= most
        ]
        never = [] if most else [("", _("Never"))]
        return [*never, *days, (_ON_DATE, _("On a day of my choice"))]

    @property
    def sets_rare(self) -> bool:
        """Whether something is set, or wrong, that most keys do without."""
        fields = [self[name] for name in _RARE if name in self.fields]
        some_calls = set(self["permissions"].value() or []) != set(PERMISSIONS)
        return some_calls or any(field.errors or field.value() for field in fields)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("expires") == _ON_DATE and not values.get("expires_at"):
            self.add_error("expires_at", _("Choose a day."))
        return values

    def arguments(self, now: datetime) -> dict[str, Any]:
        """For the use cases; empty is None."""
        values = self.cleaned_data
        chosen = values["permissions"]
        found = {name: values[name] for name in (*_SAME, "model_ids") if name in values}
        found["budget_window"] = values["budget_duration"]
        found["tags"] = [tag for tag in (part.strip() for part in values["tags"].split(",")) if tag]
        found["permissions"] = {name: False for name in PERMISSIONS if name not in chosen}
        if values["expires"] != _KEEP:
            found["expires_at"] = self._expiry(now)
        return found

    def _expiry(self, now: datetime) -> datetime | None:
        choice = self.cleaned_data["expires"]
        if choice == _ON_DATE:
            return datetime.combine(self.cleaned_data["expires_at"], time.max, UTC)
        return now + timedelta(days=int(choice)) if choice else None


def _limit_words(policy: KeyPolicy, wire: str) -> str:
    most = policy.maximums[wire]
    if most is None:
        return gettext("Empty is unlimited.")
    shown = f"{most.normalize():f}" if hasattr(most, "normalize") else f"{most}"
    return gettext("At most %(n)s, which is also what empty means.") % {"n": shown}


class KeyForm(KeySettingsForm):
    """A new key."""

    # Made with the form, so sending it twice makes one key.
    request_token = forms.CharField(widget=forms.HiddenInput, max_length=128, required=False)
    team_id = forms.ChoiceField(
        label=_("Team"),
        required=False,
        help_text=_("Its budget pays for what the key uses. Without one it is your own."),
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        models: list[str],
        chosen: list[str],
        teams: list[tuple[str, str]],
        policy: KeyPolicy,
        is_service: bool = False,
    ) -> None:
        """With only one model to choose it is chosen. `is_service`: a team's key, which needs no subscription."""
        usual = policy.defaults
        days = usual["expirationDays"]
        initial = {
            "request_token": str(uuid.uuid4()),
            "model_ids": chosen or (models if len(models) == 1 else []),
            "max_budget": usual["maxBudget"],
            "soft_budget": usual["softBudget"],
            "budget_duration": usual["budgetDuration"] or "",
            "tpm_limit": usual["tpmLimit"],
            "rpm_limit": usual["rpmLimit"],
            "expires": str(days) if days else "",
        }
        super().__init__(data, models=models, policy=policy, initial=initial)
        self._set_choices("team_id", [("", _("None")), *teams])
        if not teams:
            del self.fields["team_id"]
        if is_service:
            field = self.fields["model_ids"]
            field.help_text = _("The models that the key opens. You can choose those that the team may use.")
            field.error_messages["invalid_choice"] = _("The team may not use %(value)s.")

    def arguments(self, now: datetime) -> dict[str, Any]:
        found = super().arguments(now)
        team = self.cleaned_data.get("team_id")
        found["request_token"] = self.cleaned_data["request_token"] or None
        return {**found, "team_id": uuid.UUID(team)} if team else found


class ChangeForm(KeySettingsForm):
    """A key that is there: every field shows what is set, empty clears it."""

    def __init__(
        self, data: QueryDict | None, *, key: ApiKey, models: list[str], chosen: list[str], policy: KeyPolicy
    ) -> None:
        self._key = key
        initial = {name: getattr(key, name) for name in _SAME}
        for name in ("max_budget", "soft_budget"):
            initial[name] = initial[name].normalize() if initial[name] is not None else None
        initial |= {
            "model_ids": chosen,
            "budget_duration": key.budget_window,
            "tags": ", ".join(key.tags),
            "permissions": [name for name in PERMISSIONS if key.permissions.get(name) is not False],
            "expires": _KEEP,
        }
        super().__init__(data, models=models, policy=policy, initial=initial)
        if key.budget_window and key.budget_window not in dict(WINDOWS):
            window = self.fields["budget_duration"].widget
            window.choices = [*window.choices, (key.budget_window, key.budget_window)]

    def _expiries(self) -> list[Any]:
        ends = self._key.expires_at
        kept = _("As it is: %(day)s") % {"day": ends.date().isoformat() if ends else gettext("never")}
        return [(_KEEP, kept), *super()._expiries()]
