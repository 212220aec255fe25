"""Which API keys a request asks for: one statement for the keys and what they open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
)
from django.db.models.functions import Cast, JSONObject
from rest_framework.request import Request

from accounts.api.whose import whose
from accounts.models import User
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet, ApiKeySecret, seen_by
from apikeys.models.opening import opens_now
from litellm_sync.models import (
    GatewayObject,
    GatewaySpend,
    budget_reset_of,
    spend_as_of,
    spend_of,
    sync_status_of,
)
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Statement, Values
from subscriptions.models import Subscription

_COLUMNS = (
    "id",
    "owner_id",
    "owner__username",
    "owner__email",
    "team_id",
    "name",
    "description",
    "alias",
    "secret_prefix",
    "secret_suffix",
    "max_budget",
    "soft_budget",
    "budget_window",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
    "permissions",
    "guardrails",
    "tags",
    "metadata",
    "portal_permissions",
    "expires_at",
    "is_blocked",
    "revoked_at",
    "last_used_at",
    "created_at",
    "updated_at",
)


_ANNOTATED = (
    *("sync_status", "sync_error", "synced_at", "links", "live_secrets"),
    *("spend", "spend_parts", "budget_reset_at", "spend_as_of"),
)


def columns(rows: ApiKeyQuerySet) -> QuerySet[ApiKey, Any]:
    """Plain rows for `presenters.api_key`: how far the gateway has followed and what it counts, and as JSON texts the
    live secrets and what the key opens."""
    at_gateway = GatewayObject.objects.filter(kind="key", object_id=OuterRef("pk"))
    parts = GatewaySpend.objects.filter(kind="key", object_id=OuterRef("pk")).values("object_id")
    plain: QuerySet[ApiKey, Any] = rows.annotate(
        sync_status=sync_status_of("key"),
        sync_error=Subquery(at_gateway.values("last_error")[:1]),
        synced_at=Subquery(at_gateway.values("applied_at")[:1]),
        live_secrets=ArraySubquery(_secrets()),
        links=ArraySubquery(_links()),
        spend=spend_of("key"),
        spend_parts=Subquery(parts.annotate(parts=Count("pk")).values("parts")),
        budget_reset_at=budget_reset_of("key"),
        spend_as_of=spend_as_of("key"),
    ).values(*_COLUMNS, *_ANNOTATED)
    return plain


def _secrets() -> QuerySet[ApiKeySecret, Any]:
    """Neither the secrets nor their hashes."""
    described = JSONObject(
        prefix="prefix",
        superseded_at="superseded_at",
        valid_until="valid_until",
        last_used_at="last_used_at",
        period_ends_at="period_ends_at",
        # As texts: JSON numbers would pass through binary floats.
        carried_spend=Cast("carried_spend", TextField()),
        late_spend=Cast("late_spend", TextField()),
        is_kept=ExpressionWrapper(Q(sealed__isnull=False), output_field=BooleanField()),
    )
    live = ApiKeySecret.objects.live().filter(api_key=OuterRef("pk"))
    return live.order_by("number").values_list(described)


def _links() -> QuerySet[ApiKeyModel, Any]:
    """The chosen models of a key, each with the owner's subscription to it, by name."""
    subscription = Subscription.objects.filter(user=OuterRef("api_key__owner"), model=OuterRef("model"))
    described = JSONObject(
        model_id="model_id",
        provider="model__provider",
        context_length="model__context_length",
        capabilities="model__capabilities",
        opens=ExpressionWrapper(opens_now(), output_field=BooleanField()),
        subscription=Subquery(subscription.values_list(JSONObject(id="id", status="status"))),
    )
    chosen = ApiKeyModel.objects.filter(api_key=OuterRef("pk"))
    return chosen.order_by("model_id").values_list(described)


@dataclass(frozen=True, slots=True)
class _Shape:
    is_active: bool | None
    model_ids: tuple[str, ...] = ()
    search: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose keys: a person's, a team's, of a team those of one person, or everybody's."""

    owner: UUID | None = None
    team: UUID | None = None


def page(
    request: Request,
    present: Callable[[list[Json]], list[Json]],
    now: datetime,
    *,
    scope: Scope | None = None,
    with_search: bool = False,
) -> Json:
    """The page that the query asks for, newest first. Without a `scope` the query says whose."""
    scope = scope or Scope(owner=whose(request))
    shape = _Shape(
        is_active=params.boolean(request, "isActive", None),
        model_ids=tuple(params.listing(request, "modelIds", commas=True)),
        search=params.text(request, "search", longest=200) if with_search else "",
    )
    values: dict[str, Any] = {name: pk for name, pk in (("user", scope.owner), ("team", scope.team)) if pk}
    if subscription_id := params.uuid_or_none(request, "subscriptionId"):
        values["subscription"] = subscription_id
    if shape.is_active is not None:
        values["now"] = now
    changes_values = bool(shape.model_ids or shape.search)
    return _LISTING.page(request, shape, values, present, with_total=True, once=changes_values)


def one(actor: User, pk: UUID | str) -> Json | None:
    """The row of a key that the actor may see."""
    values = {"key": UUID(str(pk))} | ({} if actor.sees_everything else {"user": actor.pk})
    rows = _ONE.rows(None, values)
    return rows[0] if rows else None


def _filtered(shape: _Shape, values: Values) -> ApiKeyQuerySet:
    rows = ApiKey.objects.filter(deleted_at=None)
    if "user" in values:
        rows = rows.filter(owner=values["user"])
    if "team" in values:
        rows = rows.filter(team=values["team"])
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
    if shape.search:
        rows = rows.filter(
            Q(name__icontains=shape.search)
            | Q(owner__username__icontains=shape.search)
            | Q(owner__email__icontains=shape.search)
        )
    return rows.order_by("-created_at", "id")


def _visible(_shape: None, values: Values) -> QuerySet[ApiKey, Any]:
    rows = ApiKey.objects.filter(deleted_at=None, pk=values["key"])
    return columns(rows.filter(seen_by(values["user"])) if "user" in values else rows)


_LISTING = Listing(_filtered, lambda _shape, rows: columns(rows))
_ONE = Statement(_visible)


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """Somebody's keys; the maps count live keys by subscription id and by model name."""

    total: int
    active: int
    expired: int
    revoked: int
    by_subscription: dict[str, int]
    by_model: dict[str, int]


def counts(owner_id: UUID, now: datetime) -> KeyCounts:
    keys = ApiKey.objects.filter(owner=owner_id, deleted_at=None)
    live = keys.live(now)
    ended = Q(revoked_at__isnull=True, expires_at__lte=now)
    sums = keys.aggregate(
        total=Count("pk"),
        active=Count("pk", filter=Q(pk__in=live.filter(is_blocked=False).values("pk"))),
        expired=Count("pk", filter=ended),
        revoked=Count("pk", filter=Q(revoked_at__isnull=False)),
    )
    links = ApiKeyModel.objects.filter(api_key__in=live)
    subscription = Subscription.objects.filter(user=owner_id, model=OuterRef("model")).values("pk")
    rows = links.values("model_id").annotate(keys=Count("pk"), subscription=Subquery(subscription))
    found = list(rows.order_by("model_id"))
    return KeyCounts(
        **sums,
        by_subscription={str(row["subscription"]): row["keys"] for row in found if row["subscription"]},
        by_model={row["model_id"]: row["keys"] for row in found},
    )
