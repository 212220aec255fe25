"""Which subscriptions a request asks for, as one statement of plain rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Statement, Values
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


@dataclass(frozen=True, slots=True)
class _Shape:
    """`status` "" means those that have not ended."""

    status: str
    is_everybodys: bool


def page(request: Request, present: Callable[[list[Json]], list[Json]]) -> Json:
    """The page of `GET /subscriptions` that the query asks for, newest first. Ended ones only when asked for."""
    allowed = (*Subscription.Status.values, _NEVER_STORED, "")
    status = params.choice(request, "status", allowed, "")
    owner = _whose(request)
    values: dict[str, Any] = {"user": owner} if owner else {}
    if model_id := params.text(request, "modelId"):
        values["model"] = model_id
    shape = _Shape(status, is_everybodys=owner is None)
    return _LISTING.page(request, shape, values, present, with_total=True)


def one(actor: User, pk: UUID | str) -> Json | None:
    """The row of a subscription that the actor may see."""
    values = {"subscription": UUID(str(pk))} | ({} if actor.sees_everything else {"user": actor.pk})
    rows = _ONE.rows(None, values)
    return rows[0] if rows else None


def _whose(request: Request) -> UUID | None:
    """One's own; operators may name somebody, or `all` (None)."""
    actor = actor_of(request)
    if request.query_params.get("userId") == "all" and actor.sees_everything:
        return None
    wanted = params.uuid_or_none(request, "userId") or actor.pk
    if wanted != actor.pk and not actor.sees_everything:
        raise errors.NotFound
    return wanted


def _filtered(shape: _Shape, values: Values) -> SubscriptionQuerySet:
    kept = Subscription.objects.kept()
    rows = kept if shape.is_everybodys else kept.filter(user=values["user"])
    rows = (
        rows.filter(status=shape.status)
        if shape.status
        else rows.exclude(status=Subscription.Status.INACTIVE)
    )
    if "model" in values:
        rows = rows.filter(model=values["model"])
    return rows.order_by("-created_at", "id")


def _visible(_shape: None, values: Values) -> QuerySet[Subscription, Any]:
    rows = Subscription.objects.kept().filter(pk=values["subscription"])
    return columns(rows.filter(user=values["user"]) if "user" in values else rows)


def columns(rows: SubscriptionQuerySet, *more: str) -> QuerySet[Subscription, Any]:
    plain: QuerySet[Subscription, Any] = rows.values(*_COLUMNS, *more)
    return plain


_LISTING = Listing(_filtered, lambda _shape, rows: columns(rows))
_ONE = Statement(_visible)


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
    return columns(rows.order_by("-created_at", "id"), *_OWNER)


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
