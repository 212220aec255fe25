"""Which API keys a request asks for: one statement for the keys and what they open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.db.models.functions import JSONObject
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet, ApiKeySecret
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
    """Plain rows for `presenters.api_key`: how far the gateway has followed, and as JSON texts what they open."""
    at_gateway = GatewayObject.objects.filter(kind="key", object_id=OuterRef("pk"))
    current = ApiKeySecret.objects.current().filter(api_key=OuterRef("pk"))
    plain: QuerySet[ApiKey, Any] = rows.annotate(
        has_secret=Exists(current.filter(sealed__isnull=False)),
        sync_status=sync_status_of("key"),
        sync_error=Subquery(at_gateway.values("last_error")[:1]),
        synced_at=Subquery(at_gateway.values("applied_at")[:1]),
        links=ArraySubquery(_links()),
    ).values(*_COLUMNS, "has_secret", "sync_status", "sync_error", "synced_at", "links")
    return plain


def _links() -> QuerySet[ApiKeyModel, Any]:
    """The chosen models of a key, each with the owner's subscription to it, by name."""
    subscription = Subscription.objects.filter(user=OuterRef("api_key__owner"), model=OuterRef("model"))
    described = JSONObject(
        model_id="model_id",
        provider="model__provider",
        context_length="model__context_length",
        capabilities="model__capabilities",
        availability="model__availability",
        subscription=Subquery(subscription.values_list(JSONObject(id="id", status="status"))),
    )
    chosen = ApiKeyModel.objects.filter(api_key=OuterRef("pk"))
    return chosen.order_by("model_id").values_list(described)


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


_LISTING = Listing(_filtered, lambda _shape, rows: columns(rows))
_ONE = Statement(_visible)
