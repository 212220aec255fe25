"""Which API keys a request asks for: one statement for the keys, one for what they open."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyQuerySet
from litellm_sync.models import GatewayObject, sync_status_of
from litemaas import errors
from litemaas.api import params
from subscriptions.models import Subscription

Json = dict[str, Any]

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
    return rows.annotate(
        has_secret=has_secret,
        sync_status=sync_status_of("key"),
        sync_error=Subquery(at_gateway.values("last_error")[:1]),
        synced_at=Subquery(at_gateway.values("applied_at")[:1]),
    ).values(*_COLUMNS, "has_secret", "sync_status", "sync_error", "synced_at")


def listed(request: Request, now: datetime) -> QuerySet[ApiKey, Any]:
    """The rows of `GET /api-keys`, newest first."""
    rows = _of(request)
    if model_ids := params.listing(request, "modelIds", commas=True):
        links = ApiKeyModel.objects.filter(api_key=OuterRef("pk"), model_id__in=model_ids)
        rows = rows.filter(Exists(links))
    if subscription_id := params.uuid_or_none(request, "subscriptionId"):
        its_model = Subscription.objects.filter(pk=subscription_id, user=OuterRef("owner"))
        rows = rows.filter(model_links__model__in=Subquery(its_model.values("model")))
    if (is_active := params.boolean(request, "isActive", None)) is not None:
        active = rows.live(now).filter(is_blocked=False)
        rows = active if is_active else rows.exclude(pk__in=active.values("pk"))
    return columns(rows.order_by("-created_at", "id"))


def _of(request: Request) -> ApiKeyQuerySet:
    """One's own; operators may name somebody or `all`."""
    actor = actor_of(request)
    rows = ApiKey.objects.visible_to(actor)
    if request.query_params.get("userId") == "all" and actor.sees_everything:
        return rows
    wanted = params.uuid_or_none(request, "userId") or actor.pk
    if wanted != actor.pk and not actor.sees_everything:
        raise errors.NotFound
    return rows.filter(owner_id=wanted)


def links_of(key_ids: list[UUID]) -> dict[UUID, list[Json]]:
    """The chosen models of these keys, each with the owner's subscription to it, by name."""
    subscription = Subscription.objects.filter(
        user_id=OuterRef("api_key__owner_id"), model_id=OuterRef("model_id")
    )
    rows = (
        ApiKeyModel.objects.filter(api_key_id__in=key_ids)
        .order_by("model_id")
        .annotate(
            subscription_id=Subquery(subscription.values("id")[:1]),
            subscription_status=Subquery(subscription.values("status")[:1]),
            provider=F("model__provider"),
            context_length=F("model__context_length"),
            capabilities=F("model__capabilities"),
            availability=F("model__availability"),
        )
        .values(
            "api_key_id",
            "model_id",
            "provider",
            "context_length",
            "capabilities",
            "availability",
            "subscription_id",
            "subscription_status",
        )
    )
    found: dict[UUID, list[Json]] = defaultdict(list)
    for row in rows:
        found[row["api_key_id"]].append(row)
    return found
