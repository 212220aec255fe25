"""What operators do with the ledger itself: read, sum anew, attribute, replay, compare, put away."""

from typing import Any

from django.core.paginator import Paginator
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api import params
from litemaas.api.pagination import FURTHEST
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of
from usage import attribution, operators, quarantine, retention
from usage.api import ledger_serializers as shapes
from usage.models import UsageDifference, UsageTrust


class CleanupView(ContractView):
    permissions_needed = {"POST": "admin:usage:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(request=shapes.CleanupIn, responses=shapes.CleanupOut)
    def post(self, request: Request) -> Response:
        """Put months of calls away that ended before the retention. Their sums stay."""
        days = body_of(request, shapes.CleanupIn).get("retentionDays", retention.DEFAULT)
        count = retention.clean_up_usage(actor=actor_of(request), retention_days=days, now=timezone.now())
        return Response({"message": f"{count} calls were put away; their sums stay.", "deletedCount": count})


class RefreshView(ContractView):
    permissions_needed = {"POST": "admin:usage:write"}

    @extend_schema(request=None, responses=shapes.UsageRefreshOut)
    def post(self, request: Request) -> Response:
        """Read what the gateway has logged until now."""
        now = timezone.now()
        counts = operators.refresh_usage(actor=actor_of(request), now=now)
        message = f"{counts.added} calls were added."
        return Response({"message": message, "refreshedAt": now, "status": "success"})


class RebuildView(ContractView):
    permissions_needed = {"POST": "admin:usage:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(request=shapes.RebuildIn, responses={200: shapes.RebuildOut, 202: shapes.RebuildOut})
    def post(self, request: Request) -> Response:
        """Sum the days anew from their calls, as a job when there are many."""
        body = body_of(request, shapes.RebuildIn)
        done = operators.rebuild(
            actor=actor_of(request),
            first=body.get("startDate"),
            last=body.get("endDate"),
            now=timezone.now(),
        )
        data: dict[str, Any] = {
            "message": f"{done.days} days are summed anew.",
            "rebuiltCount": 0 if done.job_id else done.days,
            "totalEntries": done.days,
            "status": "queued" if done.job_id else "success",
        }
        if done.job_id is None:
            return Response(data)
        headers = {"Location": f"/api/v1/jobs/{done.job_id}"}
        return Response({**data, "jobId": done.job_id}, status=202, headers=headers)


class CacheMetricsView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(responses=shapes.CacheMetricsOut)
    def get(self, request: Request) -> Response:
        """v0.4's figures of its cache. Here are rollups that are always up to date, so every read is a hit."""
        return Response(operators.cache_metrics())


class UnattributedView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(
        parameters=page_parameters(),
        responses=shapes.UnattributedOut,
    )
    def get(self, request: Request) -> Response:
        """Usage of keys that the portal doesn't know, by key, the dearest first."""
        limit = params.integer(request, "limit", 20, maximum=100)
        page = params.integer(request, "page", 1, maximum=FURTHEST)
        found = attribution.unattributed(first=(page - 1) * limit, count=limit)
        data = [
            {
                "tokenHash": line.token_hash,
                "alias": line.alias or None,
                "requests": line.requests,
                "cost": line.cost,
                "firstDay": line.first_day,
                "lastDay": line.last_day,
            }
            for line in found
        ]
        return Response({"data": data})


class ReattributeView(ContractView):
    permissions_needed = {"POST": "admin:usage:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(request=shapes.ReattributeIn, responses=shapes.ReattributeOut)
    def post(self, request: Request) -> Response:
        """Book all usage of an unknown key on a key that the portal knows, also in the past."""
        body = body_of(request, shapes.ReattributeIn)
        count = attribution.reattribute_usage(
            actor=actor_of(request),
            token_hash=body["tokenHash"],
            key_id=body["apiKeyId"],
            now=timezone.now(),
        )
        return Response({"movedCount": count})


class ReplayView(ContractView):
    permissions_needed = {"POST": "admin:usage:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(request=shapes.ReplayIn, responses=shapes.ReplayOut)
    def post(self, request: Request) -> Response:
        """Read rows again that were set aside."""
        body = body_of(request, shapes.ReplayIn)
        counts = quarantine.replay_rejects(
            actor=actor_of(request), ids=body.get("ids"), reason=body.get("reason"), now=timezone.now()
        )
        return Response({"read": counts.read, "added": counts.added, "stayed": counts.rejected})


class ReconciliationView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(
        parameters=[
            *page_parameters(),
            OpenApiParameter("open", bool, description="Only differences that were not healed (default)."),
        ],
        responses=shapes.ReconciliationOut,
    )
    def get(self, request: Request) -> Response:
        """Differences between the ledger and the gateway's own sums, and how far each day (UTC) can be trusted."""
        rows = UsageDifference.objects.order_by("-day", "id")
        if params.boolean(request, "open", True):
            rows = rows.filter(healed_at=None)
        limit = params.integer(request, "limit", 20, maximum=100)
        number = params.integer(request, "page", 1, maximum=FURTHEST)
        pages = Paginator(rows, limit)
        found = list(pages.page(number)) if number <= pages.num_pages else []
        days = UsageTrust.objects.order_by("-day")[:90]
        return Response(
            {
                "data": [shapes.difference(row) for row in found],
                "total": pages.count,
                "days": [shapes.trust(day) for day in days],
            }
        )
