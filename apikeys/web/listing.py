"""One's own keys and those that one looks after, as the pages show them."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.db.models import Q
from django.http import QueryDict
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent, User
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet
from apikeys.models.keys import seen_by
from apikeys.web.forms import KeyFilter
from apikeys.web.states import KeyState, state_of, with_gateway_state
from litemaas.web.paging import page_of


@dataclass(frozen=True)
class Row:
    """A key with its state and its models' names, sorted."""

    key: ApiKey
    state: KeyState
    models: list[str]

    @property
    def first_models(self) -> list[str]:
        return self.models[:2]

    @property
    def more(self) -> int:
        return max(0, len(self.models) - 2)

    @property
    def expires_text(self) -> str:
        return localtime(self.key.expires_at).date().isoformat() if self.key.expires_at else ""


def own(user: User) -> ApiKeyQuerySet:
    """These pages are about oneself, also for operators, who could see everybody's."""
    return with_gateway_state(ApiKey.objects.visible_to(user).filter(owner=user))


def cared_for(user: User) -> ApiKeyQuerySet:
    """One's own, and the service keys of the teams that one looks after: nobody owns those."""
    service = Q(owner__isnull=True) & seen_by(user.pk)
    return with_gateway_state(ApiKey.objects.visible_to(user).filter(Q(owner=user) | service))


def row_of(key: ApiKey, now: datetime) -> Row:
    """`key` comes from `own` or `cared_for`."""
    return Row(key, state_of(key, now), sorted(link.model_id for link in key.model_links.all()))


@dataclass(frozen=True)
class Happening:
    """One line of a key's history."""

    at: datetime
    who: str
    what: str


_WORDS = {
    "CREATE": _("Created"),
    "UPDATE": _("Changed"),
    "ROTATE": _("Rotated"),
    "SECRET_RETIRE": _("Former key ended"),
    "TRANSFER": _("Taken over"),
    "SPEND_RESET": _("Spend counted anew"),
    "RETRIEVE_FULL": _("Revealed"),
    "BLOCK": _("Blocked"),
    "UNBLOCK": _("Unblocked"),
    "REVOKE": _("Revoked"),
    "DELETE": _("Deleted"),
}
_ADMINISTRATORS = {
    "ADMIN_CREATE_API_KEY": "CREATE",
    "ADMIN_UPDATE_API_KEY": "UPDATE",
    "ADMIN_RESET_API_KEY_SPEND": "SPEND_RESET",
    "ADMIN_REVOKE_API_KEY": "REVOKE",
    "ADMIN_DELETE_API_KEY": "DELETE",
}
_LONGEST_HISTORY = 20


def history_of(key: ApiKey) -> list[Happening]:
    """What was done to a key, newest first, in words; refused attempts are for auditors."""
    words = {f"API_KEY_{act}": word for act, word in _WORDS.items()}
    words |= {action: _WORDS[act] for action, act in _ADMINISTRATORS.items()}
    rows = AuditEvent.objects.filter(resource_type="API_KEY", resource_id=str(key.pk), success=True)
    found = rows.filter(action__in=words).order_by("-at", "-pk").values_list("at", "actor_name", "action")
    return [Happening(at, who, str(words[action])) for at, who, action in found[:_LONGEST_HISTORY]]


def used_models(user: User) -> list[str]:
    """The models that this person's keys name, for the filter."""
    links = ApiKeyModel.objects.filter(api_key__owner=user, api_key__deleted_at=None)
    return list(links.order_by("model_id").values_list("model_id", flat=True).distinct())


def listed(
    user: User, chosen: KeyFilter, query: QueryDict, now: datetime
) -> tuple["Page[ApiKey]", list[Row]]:
    wanted = chosen.cleaned_data
    keys = own(user) if wanted.get("ended") else own(user).live(now)
    if text := wanted.get("search", "").strip():
        keys = keys.filter(Q(name__icontains=text) | Q(description__icontains=text))
    if model := wanted.get("model"):
        keys = keys.filter(model_links__model_id=model)
    page = page_of(keys.order_by("-created_at", "id").prefetch_related("model_links"), query)
    return page, [row_of(key, now) for key in page]
