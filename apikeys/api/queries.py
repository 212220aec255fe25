"""Which API keys a request asks for: one statement for the keys, one for what they open."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet
from litellm_sync.models import GatewayObject, sync_status_of
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Statement, Values
from subscriptions.models import Subscription

_COLUMNS = (
    "id",
    "owner_id",
    "owner__is_active",
    "team_id",
    "name",
    "description",
    "alias",
    "secret_prefix",
    "secret_suffix",
    "max_budget",
    "budget_window",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "expires_at",
    "is_blocked",
    "revoked_at",
    "last_used_at",
    "created_at",
    "updated_at",
)


def columns(rows: ApiKeyQuerySet) -> QuerySet[ApiKey, Any]:
    """Plain rows for `presenters.api_keys`, with how far the gateway has followed."""
    at_gateway = GatewayObject.objects.filter(kind="key", object_id=OuterRef("pk"))
    has_secret = ExpressionWrapper(Q(sealed_secret__isnull=False), output_field=BooleanField())
    plain: QuerySet[ApiKey, Any] = rows.annotate(
        has_secret=has_secret,
        sync_status=sync_status_of("key"),
        sync_error=Subquery(at_gateway.values("last_error")[:1]),
        synced_at=Subquery(at_gateway.values("applied_at")[:1]),
    ).values(*_COLUMNS, "has_secret", "sync_status", "sync_error", "synced_at")
    return plain


@dataclass(frozen=True, slots=True)
class _Shape:
    is_active: bool | None
    is_everybodys: bool
    model_ids: tuple[str, ...]


def page(request: Request, present: Callable[[list[Json]], list[Json]], now: datetime) -> Json:
    """The page of `GET /api-keys` that the query asks for, newest first."""
    owner = _whose(request)
    shape = _Shape(
        is_active=params.boolean(request, "isActive", None),
        is_everybodys=owner is None,
        model_ids=tuple(params.listing(request, "modelIds", commas=True)),
    )
    values: dict[str, Any] = {"user": owner} if owner else {}
    if subscription_id := params.uuid_or_none(request, "subscriptionId"):
        values["subscription"] = subscription_id
    if shape.is_active is not None:
        values["now"] = now
    return _LISTING.page(request, shape, values, present, with_total=True, once=bool(shape.model_ids))


def one(actor: User, pk: UUID | str) -> Json | None:
    """The row of a key that the actor may see."""
    values = {"key": UUID(str(pk))} | ({} if actor.sees_everything else {"user": actor.pk})
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


def _filtered(shape: _Shape, values: Values) -> ApiKeyQuerySet:
    rows = ApiKey.objects.filter(deleted_at=None)
    if not shape.is_everybodys:
        rows = rows.filter(owner=values["user"])
    if shape.model_ids:
        rows = rows.filter(
            Exists(ApiKeyModel.objects.filter(api_key=OuterRef("pk"), model__in=shape.model_ids))
        )
    if "subscription" in values:
        its_model = Subscription.objects.filter(pk=values["subscription"], user=OuterRef("owner"))
        rows = rows.filter(model_links__model__in=Subquery(its_model.values("model")))
    if shape.is_active is not None:
        active = rows.live(values["now"]).filter(is_blocked=False)
        rows = active if shape.is_active else rows.exclude(pk__in=active.values("pk"))
    return rows.order_by("-created_at", "id")


def _visible(_shape: None, values: Values) -> QuerySet[ApiKey, Any]:
    rows = ApiKey.objects.filter(deleted_at=None, pk=values["key"])
    return columns(rows.filter(owner=values["user"]) if "user" in values else rows)


def links_of(key_ids: list[UUID]) -> dict[UUID, list[Json]]:
    """The chosen models of these keys, each with the owner's subscription to it, by name."""
    found: dict[UUID, list[Json]] = defaultdict(list)
    for row in _LINKS.rows(len(key_ids), {f"key{n}": pk for n, pk in enumerate(key_ids)}):
        found[row["api_key_id"]].append(row)
    return found


def _links(_count: int, values: Values) -> QuerySet[ApiKeyModel, Any]:
    subscription = Subscription.objects.filter(user=OuterRef("api_key__owner"), model=OuterRef("model"))
    chosen = ApiKeyModel.objects.filter(api_key__in=list(values.values())).order_by("model_id")
    return chosen.annotate(
        subscription_id=Subquery(subscription.values("id")[:1]),
        subscription_status=Subquery(subscription.values("status")[:1]),
        provider=F("model__provider"),
        context_length=F("model__context_length"),
        capabilities=F("model__capabilities"),
        availability=F("model__availability"),
    ).values(
        "api_key_id",
        "model_id",
        "provider",
        "context_length",
        "capabilities",
        "availability",
        "subscription_id",
        "subscription_status",
    )


_LISTING = Listing(_filtered, lambda _shape, rows: columns(rows))
_ONE = Statement(_visible)
_LINKS = Statement(_links)
