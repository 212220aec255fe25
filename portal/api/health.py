"""Liveness, readiness, health and metrics (contract §3)."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import options
from litellm_sync.client import gateway
from litellm_sync.models import GatewayObject
from litellm_sync.progress import progress
from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView
from litemaas.metrics import counted
from portal import health, people
from portal.api import schema
from portal.api.config import OpenView
from portal.backups import store
from portal.metrics import InstallationCollector
from portal.sync import standing


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


class Scraper:
    """Prometheus with the token of METRICS_TOKEN: it may read the health, and nothing else."""

    pk = None
    is_authenticated = True
    sees_everything = False
    limited_to = None

    def may(self, permission: str) -> bool:
        return permission == "admin:health"


class ScrapeTokenAuthentication(BaseAuthentication):
    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="metrics"'

    def authenticate(self, request: Request) -> tuple[Scraper, None] | None:
        _, _, shown = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        expected = settings.METRICS_TOKEN
        is_right = bool(expected) and secrets.compare_digest(shown.strip().encode(), expected.encode())
        return (Scraper(), None) if is_right else None


class ScrapeTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ScrapeTokenAuthentication
    name = "scrapeToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of METRICS_TOKEN; only for the metrics.",
        }


class MetricsView(ContractView):
    """Prometheus' text format, for operators and for the bearer of METRICS_TOKEN."""

    rate_bucket = None
    permissions_needed: ClassVar = {"GET": "admin:health"}

    def get_authenticators(self) -> list[BaseAuthentication]:
        """The token comes first: to the others it would be a wrong credential."""
        return [ScrapeTokenAuthentication(), *super().get_authenticators()]

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR}, operation_id="metrics")
    def get(self, request: Request) -> HttpResponse:
        registry = counted()
        registry.register(InstallationCollector())
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers=headers)


class StatusView(ContractView):
    """Everything that an operator wants to know first. Only the gateway's process is asked."""

    rate_bucket = None
    permissions_needed: ClassVar = {"GET": "admin:health"}

    @extend_schema(responses=schema.StatusOut, operation_id="health_status")
    def get(self, request: Request) -> Response:
        now = timezone.now()
        reached, queue, totals = standing.connection(now=now), progress(now=now), people.totals(now)
        return Response(
            {
                "services": {
                    "database": {"status": "healthy", "lastCheck": now, "migrated": health.is_migrated()},
                    "litellm": {
                        "status": _word(reached.is_up),
                        "lastCheck": reached.checked_at,
                        "responseTime": reached.milliseconds,
                        "circuitBreakerOpen": gateway().breaker.is_open,
                    },
                    "auth": {
                        "status": "healthy",
                        "lastCheck": now,
                        "providers": list(settings.IDENTITY_PROVIDERS),
                    },
                    "redis": {"status": _word(health.is_cache_up()), "lastCheck": now},
                },
                "metrics": {
                    "totalUsers": totals["users"],
                    "activeUsers": totals["active_users"],
                    "totalApiKeys": totals["keys"],
                    "activeApiKeys": totals["active_keys"],
                    "totalModels": totals["models"],
                    "availableModels": totals["available_models"],
                    "pendingGatewayObjects": queue.waiting,
                    "refusedGatewayObjects": queue.parked,
                },
                "configuration": {
                    "version": settings.VERSION,
                    "environment": settings.ENVIRONMENT,
                    "reportingTimeZone": options.recent("reportingTimeZone"),
                    "localAccounts": settings.LOCAL_ACCOUNTS,
                    "adminsNeedMfa": settings.ADMINS_NEED_MFA,
                    "usagePush": bool(settings.GATEWAY_EVENTS_TOKEN or settings.GATEWAY_EVENTS_SECRET),
                    "backups": store.is_set_up(),
                    "gatewayBackups": bool(settings.GATEWAY_DATABASE_URL),
                    "requestMetrics": bool(settings.METRICS_DIR),
                },
            }
        )
