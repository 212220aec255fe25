"""One person, and the whole installation, seen from above (contract §4, §11)."""

import time
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from catalog.models import SyncRun
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.views import ContractView
from portal import health, people

Shape = serializers.Serializer[Any]
_STARTED = time.monotonic()


class TeamPlaceOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()


class UserDriftOut(Shape):
    field = serializers.CharField(allow_null=True)
    portal = serializers.JSONField(allow_null=True)
    proxy = serializers.JSONField(allow_null=True)


class UserDetailOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    fullName = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    isActive = serializers.BooleanField()
    maxBudget = serializers.FloatField(allow_null=True)
    currentSpend = serializers.FloatField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])
    lastLoginAt = serializers.DateTimeField(allow_null=True)
    createdAt = serializers.DateTimeField()
    subscriptionsCount = serializers.IntegerField()
    activeSubscriptionsCount = serializers.IntegerField()
    apiKeysCount = serializers.IntegerField()
    activeApiKeysCount = serializers.IntegerField()
    teams = TeamPlaceOut(many=True)
    drift = UserDriftOut(many=True)


class UserDetailView(ContractView):
    permissions_needed = {"GET": "users:read"}

    @extend_schema(responses=UserDetailOut, operation_id="read_user")
    def get(self, request: Request, user_id: str) -> Response:
        user: Any = people.user_seen_by(actor_of(request), user_id)
        counts = people.counts_of(user.pk, timezone.now())
        return Response(
            {
                "id": user.pk,
                "username": user.username,
                "email": user.email,
                "fullName": user.full_name or None,
                "roles": user.roles,
                "isActive": user.is_active,
                "maxBudget": user.max_budget,
                "currentSpend": user.spend,
                "tpmLimit": user.tpm_limit,
                "rpmLimit": user.rpm_limit,
                "budgetDuration": user.budget_window or None,
                "budgetResetAt": user.resets_at,
                # Who has no key and no limit is not at the gateway, and nothing waits to get there.
                "syncStatus": user.sync or "synced",
                "lastLoginAt": user.last_login,
                "createdAt": user.created_at,
                "subscriptionsCount": counts["subscriptions"],
                "activeSubscriptionsCount": counts["active_subscriptions"],
                "apiKeysCount": counts["keys"],
                "activeApiKeysCount": counts["active_keys"],
                "teams": people.teams_of(user.pk),
                "drift": people.drift_of(user.pk),
            }
        )


class CountsOut(Shape):
    total = serializers.IntegerField()
    active = serializers.IntegerField()


class SubscriptionCountsOut(CountsOut):
    suspended = serializers.IntegerField()


class OwnUsageOut(Shape):
    totalRequests = serializers.IntegerField(allow_null=True)
    totalTokens = serializers.IntegerField(allow_null=True)
    currentMonthRequests = serializers.IntegerField(allow_null=True)
    currentMonthTokens = serializers.IntegerField(allow_null=True)


class OwnStatsOut(Shape):
    subscriptions = SubscriptionCountsOut()
    apiKeys = CountsOut()
    usage = OwnUsageOut()
    lastLogin = serializers.DateTimeField(allow_null=True)
    memberSince = serializers.DateTimeField()


class OwnStatsView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=OwnStatsOut, operation_id="own_stats")
    def get(self, request: Request) -> Response:
        user: Any = people.user_seen_by(actor_of(request), actor_of(request).pk)
        now = timezone.now()
        counts, used = people.counts_of(user.pk, now), people.usage_of(user.pk, now)
        return Response(
            {
                "subscriptions": {
                    "total": counts["subscriptions"],
                    "active": counts["active_subscriptions"],
                    "suspended": counts["suspended_subscriptions"],
                },
                "apiKeys": {"total": counts["keys"], "active": counts["active_keys"]},
                "usage": {
                    "totalRequests": used["all_requests"],
                    "totalTokens": used["all_tokens"],
                    "currentMonthRequests": used["month_requests"],
                    "currentMonthTokens": used["month_tokens"],
                },
                "lastLogin": user.last_login,
                "memberSince": user.created_at,
            }
        )


class SystemStatsOut(Shape):
    totalUsers = serializers.IntegerField()
    activeUsers = serializers.IntegerField()
    totalApiKeys = serializers.IntegerField()
    activeApiKeys = serializers.IntegerField()
    totalModels = serializers.IntegerField()
    availableModels = serializers.IntegerField()


class SystemStatsView(ContractView):
    permissions_needed = {"GET": "admin:system:read"}

    @extend_schema(responses=SystemStatsOut, operation_id="system_stats")
    def get(self, request: Request) -> Response:
        found = people.totals(timezone.now())
        return Response(
            {
                "totalUsers": found["users"],
                "activeUsers": found["active_users"],
                "totalApiKeys": found["keys"],
                "activeApiKeys": found["active_keys"],
                "totalModels": found["models"],
                "availableModels": found["available_models"],
            }
        )


class SystemOut(Shape):
    uptime = serializers.IntegerField(help_text="Seconds of the process that answers.")
    version = serializers.CharField()
    environment = serializers.ChoiceField(choices=["development", "production"])


class ConnectionPoolOut(Shape):
    active = serializers.IntegerField()
    idle = serializers.IntegerField()
    total = serializers.IntegerField()


class DatabaseStatusOut(Shape):
    status = serializers.ChoiceField(choices=["healthy", "unhealthy"])
    connectionPool = ConnectionPoolOut()


class GatewayStatusOut(Shape):
    status = serializers.ChoiceField(choices=["healthy", "unhealthy"])
    lastSync = serializers.DateTimeField(allow_null=True)
    modelCount = serializers.IntegerField()


class StockOut(Shape):
    totalUsers = serializers.IntegerField()
    activeUsers = serializers.IntegerField()
    totalSubscriptions = serializers.IntegerField()
    totalApiKeys = serializers.IntegerField()


class SystemStatusOut(Shape):
    system = SystemOut()
    database = DatabaseStatusOut()
    litellm = GatewayStatusOut()
    usage = StockOut()


class SystemStatusView(ContractView):
    """The process that answers, the database's connections of ours, the gateway, and how much there is."""

    permissions_needed = {"GET": "admin:system:read"}

    @extend_schema(responses=SystemStatusOut, operation_id="system_status")
    def get(self, request: Request) -> Response:
        found = people.totals(timezone.now())
        run = SyncRun.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()
        return Response(
            {
                "system": {
                    "uptime": int(time.monotonic() - _STARTED),
                    "version": settings.VERSION,
                    "environment": settings.ENVIRONMENT,
                },
                "database": {"status": "healthy", "connectionPool": _connections()},
                "litellm": {
                    "status": "healthy" if health.is_gateway_up() else "unhealthy",
                    "lastSync": run.finished_at if run else None,
                    "modelCount": found["available_models"],
                },
                "usage": {
                    "totalUsers": found["users"],
                    "activeUsers": found["active_users"],
                    "totalSubscriptions": found["subscriptions"],
                    "totalApiKeys": found["keys"],
                },
            }
        )


def _connections() -> dict[str, int]:
    """Ours, of all processes, as the server counts them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state = 'idle'), count(*)"
            " FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'litemaas'"
        )
        active, idle, total = cursor.fetchone() or (0, 0, 0)
    return {"active": active, "idle": idle, "total": total}
