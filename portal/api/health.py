"""Liveness, readiness and health (contract §3)."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from litellm_sync.client import gateway
from litellm_sync.models import GatewayObject
from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView
from portal import health
from portal.api import schema
from portal.api.config import OpenView


def _fresh(data: dict[str, Any], is_good: bool) -> Response:
    return Response(data, status=200 if is_good else 503, headers={"Cache-Control": "no-store"})


class LiveView(OpenView):
    """The process answers."""

    @extend_schema(responses=schema.LiveOut)
    def get(self, request: Request) -> Response:
        return _fresh({"alive": True}, True)


class ReadyView(OpenView):
    """Database, migrations and cache are there. The gateway is not asked: without it the portal still serves."""

    @extend_schema(responses={200: schema.ReadyOut, 503: schema.ReadyOut})
    def get(self, request: Request) -> Response:
        is_ready = health.is_database_up() and health.is_migrated() and health.is_cache_up()
        return _fresh({"ready": is_ready}, is_ready)


class HealthView(ContractView):
    """Every part by name. Operators also see details."""

    rate_bucket = None
    permissions_needed = {"GET": ANYBODY}

    @extend_schema(responses={200: schema.HealthOut, 503: schema.HealthOut}, operation_id="health")
    def get(self, request: Request) -> Response:
        is_database_up = health.is_database_up()
        parts = {
            "database": is_database_up,
            "litellm": health.is_gateway_up(),
            # Local accounts live in the database.
            "auth": is_database_up,
            "redis": health.is_cache_up(),
        }
        is_good = all(parts.values())
        answer: dict[str, Any] = {
            "status": _word(is_good),
            "timestamp": timezone.now(),
            "version": settings.VERSION,
            "checks": {name: _word(part) for name, part in parts.items()},
        }
        if is_database_up and getattr(request.user, "sees_everything", False):
            answer["details"] = _details()
        return _fresh(answer, is_good)


def _word(is_good: bool) -> str:
    return "healthy" if is_good else "unhealthy"


def _details() -> dict[str, Any]:
    return {
        "litellmApiUrl": settings.LITELLM_API_URL,
        "circuitBreakerOpen": gateway().breaker.is_open,
        "pendingGatewayObjects": GatewayObject.objects.dirty().count(),
    }
