"""What clients must know before they start (contract §3). It answers without a database, too: a client that can't
start is no help."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import options
from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView
from portal.api import schema

_ADMIN_ANALYTICS: dict[str, Any] = {
    "pagination": {"defaultPageSize": 50, "maxPageSize": 500, "minPageSize": 10},
    "topLimits": {"users": 10, "models": 10, "providers": 5},
    "dateRangeLimits": {"maxAnalyticsDays": 90, "maxExportDays": 365},
    "warnings": {"largeDateRangeDays": 30},
    "trends": {"calculationPrecision": 2},
    "export": {"maxRows": 10_000},
}


class OpenView(ContractView):
    """For everybody, without looking at credentials."""

    rate_bucket = None
    permissions_needed = {"GET": ANYBODY}
    authentication_classes = ()


class ConfigView(OpenView):
    @extend_schema(responses=schema.ConfigOut)
    def get(self, request: Request) -> Response:
        return Response(
            {
                "version": settings.VERSION,
                "usageCacheTtlMinutes": 1,
                "environment": settings.ENVIRONMENT,
                "currency": options.currency_of(options.recent("currency")),
                "authProvider": _auth_provider(),
                "litellmApiUrl": settings.LITELLM_PUBLIC_URL,
                "authMode": "mock" if settings.DEBUG and settings.DEV_TOKENS else "oauth",
                "features": {
                    "teams": True,
                    "playground": True,
                    "publicCatalogue": options.recent("publicCatalogue"),
                    "keyReveal": True,
                },
                "locales": [code for code, _name in settings.LANGUAGES],
                "reportingTimeZone": options.recent("reportingTimeZone"),
            }
        )


class AdminAnalyticsConfigView(OpenView):
    @extend_schema(responses=schema.AdminAnalyticsOut)
    def get(self, request: Request) -> Response:
        return Response(_ADMIN_ANALYTICS)


class RootView(OpenView):
    @extend_schema(responses=schema.RootOut, operation_id="root")
    def get(self, request: Request) -> Response:
        return Response(
            {
                "name": "LiteMaaS API",
                "version": settings.VERSION,
                "description": "Self-service over a LiteLLM gateway.",
                "docs": "/docs",
            }
        )


def _auth_provider() -> str:
    """The kind of the first provider, which is the one that the v0.4 front end sends people to."""
    return "openshift" if next(iter(settings.IDENTITY_PROVIDERS), "") == "openshift" else "oidc"
