"""Effective limits (contract §4, §7.1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter as Param
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from apikeys import limits
from apikeys.api import schema
from apikeys.models import ApiKey
from litemaas.api import params
from litemaas.api.views import ContractView

_MODEL = Param("modelId", str, description="adds the key's limits for this model")


class KeyLimitsView(ContractView):
    permissions_needed = {"GET": "api_keys:read"}

    @extend_schema(
        parameters=[_MODEL], responses=schema.EffectiveLimitsOut, operation_id="read_limits_of_api_key"
    )
    def get(self, request: Request, key_id: str) -> Response:
        return Response(_of_key(request, key_id))


class MyLimitsView(ContractView):
    permissions_needed = {"GET": "api_keys:read"}

    @extend_schema(
        parameters=[_MODEL, Param("apiKeyId", str)],
        responses=schema.EffectiveLimitsOut,
        operation_id="read_my_limits",
    )
    def get(self, request: Request) -> Response:
        key_id = params.uuid_or_none(request, "apiKeyId")
        if key_id is not None:
            return Response(_of_key(request, key_id))
        return Response(_shown(limits.limits_of_user(actor_of(request), now=timezone.now())))


def _of_key(request: Request, key_id: UUID | str) -> dict[str, Any]:
    rows = ApiKey.objects.visible_to(actor_of(request)).select_related("owner", "team")
    key = rows.prefetch_related("secrets").get_or_refuse(key_id)
    model_id = params.text(request, "modelId") or None
    return _shown(limits.limits_of_key(key, model_id=model_id, now=timezone.now()))


def _shown(found: limits.Effective) -> dict[str, Any]:
    first = found.budget
    reset: datetime | None = first.budget_reset_at if first else None
    return {
        "effective": {
            "maxBudget": first.max_budget if first else None,
            "remainingBudget": first.remaining if first else None,
            "budgetResetAt": reset,
            "tpmLimit": found.tightest("tpm_limit"),
            "rpmLimit": found.tightest("rpm_limit"),
            "maxParallelRequests": found.tightest("max_parallel_requests"),
        },
        "levels": [_level(level) for level in found.levels],
        "asOf": found.as_of,
    }


def _level(level: limits.Level) -> dict[str, Any]:
    return {
        "level": level.level,
        "id": level.id,
        "name": level.name,
        "maxBudget": level.max_budget,
        "currentSpend": level.spend,
        "remainingBudget": level.remaining,
        "budgetDuration": level.budget_window or None,
        "budgetResetAt": level.budget_reset_at,
        "tpmLimit": level.tpm_limit,
        "rpmLimit": level.rpm_limit,
        "maxParallelRequests": level.max_parallel_requests,
        "applies": level.applies,
        "binding": bool(level.binds),
    }
