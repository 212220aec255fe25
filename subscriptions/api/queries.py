"""Which subscriptions a request asks for, as one statement of plain rows."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas import errors
from litemaas.api import params
from subscriptions.models import Subscription, SubscriptionQuerySet
from subscriptions.states import ENDED

_COLUMNS = (
    "id",
    "user_id",
    "model_id",
    "status",
    "quota_requests",
    "quota_tokens",
    "expires_at",
    "status_reason",
    "status_changed_at",
    "status_changed_by_id",
    "created_at",
    "updated_at",
    "model__provider",
    "model__description",
    "model__capabilities",
    "model__context_length",
    "model__input_cost_per_token",
    "model__output_cost_per_token",
    "model__restricted_access",
    "model__availability",
)
_OWNER = ("user__username", "user__email")
# The front end of v0.4 may ask for it; nothing was ever stored under it.
_NEVER_STORED = "cancelled"


def columns(rows: SubscriptionQuerySet, *more: str) -> QuerySet[Subscription, Any]:
    plain: QuerySet[Subscription, Any] = rows.values(*_COLUMNS, *more)
    return plain


def with_owner(rows: SubscriptionQuerySet) -> QuerySet[Subscription, Any]:
    return columns(rows, *_OWNER)


def listed(request: Request) -> QuerySet[Subscription, Any]:
    """The rows of `GET /subscriptions`, newest first. Ended ones only when asked for."""
    rows = _of(request)
    allowed = (*Subscription.Status.values, _NEVER_STORED, "")
    if status := params.choice(request, "status", allowed, ""):
        rows = rows.filter(status=status)
    else:
        rows = rows.exclude(status=Subscription.Status.INACTIVE)
    if model_id := params.text(request, "modelId"):
        rows = rows.filter(model_id=model_id)
    return columns(rows.order_by("-created_at", "id"))


def _of(request: Request) -> SubscriptionQuerySet:
    """One's own; operators may name somebody or `all`."""
    actor = actor_of(request)
    if request.query_params.get("userId") == "all" and actor.sees_everything:
        return Subscription.objects.all()
    wanted = params.uuid_or_none(request, "userId") or actor.pk
    if wanted != actor.pk and not actor.sees_everything:
        raise errors.NotFound
    return Subscription.objects.visible_to(actor).filter(user_id=wanted)


def requests(request: Request) -> QuerySet[Subscription, Any]:
    """The rows of `GET /admin/subscriptions`, newest first."""
    rows = Subscription.objects.visible_to(actor_of(request))
    if statuses := params.listing(request, "statuses"):
        rows = rows.filter(status__in=statuses)
    if model_ids := params.listing(request, "modelIds"):
        rows = rows.filter(model_id__in=model_ids)
    if user_ids := params.uuids(request, "userIds"):
        rows = rows.filter(user_id__in=user_ids)
    if (restricted := params.boolean(request, "restricted", None)) is not None:
        rows = rows.filter(model__restricted_access=restricted)
    return with_owner(rows.order_by("-created_at", "id"))


def allowed_actions(row: dict[str, Any], actor: User) -> list[str]:
    """What `actor` may do to a subscription in its present state."""
    actions = []
    is_owner, status = row["user_id"] == actor.pk, row["status"]
    may_decide = actor.may("admin:subscriptions:write")
    if status not in ENDED and (may_decide or (is_owner and actor.may("subscriptions:delete"))):
        actions.append("cancel")
    if status == "denied" and is_owner and actor.may("subscriptions:write"):
        actions.append("request-review")
    if status == "pending" and may_decide:
        actions += ["approve", "deny"]
    return actions
