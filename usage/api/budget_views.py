"""Budgets, quotas and alerts (REST contract §8, and additions)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.fields import Flag, Text
from litemaas.api.pagination import page_of
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of, created
from litemaas.errors import NotFound
from usage.api.budget_serializers import (
    AlertPageOut,
    AlertThresholdsOut,
    BudgetOut,
    NewWebhookOut,
    StandingOut,
    WebhookOut,
    WebhooksOut,
)
from usage.budgets import services, standing
from usage.budgets.forecasting import MEANT_COVERAGE, coverage
from usage.budgets.standing import BudgetState, QuotaState
from usage.models import BudgetAlert, BudgetKind, Webhook

_KINDS: Mapping[str, BudgetKind] = {
    "user": BudgetKind.USER,
    "team": BudgetKind.TEAM,
    "api-key": BudgetKind.KEY,
}


class BudgetView(ContractView):
    permissions_needed = {"GET": "usage:read"}

    @extend_schema(responses=BudgetOut)
    def get(self, request: Request) -> Response:
        """The caller's own budget as the gateway counts it; null where it never told."""
        found = standing.gateway_budget_of(actor_of(request))
        return Response(
            {
                "maxBudget": found.max_budget,
                "currentSpend": found.spend,
                "budgetDuration": found.budget_window or None,
                "budgetResetAt": found.resets_at,
                "softBudget": None,
                "asOf": found.as_of,
            }
        )


class StandingView(ContractView):
    permissions_needed = {"GET": "usage:read"}

    @extend_schema(responses=StandingOut)
    def get(self, request: Request) -> Response:
        """Everything that may stop the caller, in one call: budgets with forecasts, and quotas. From the ledger."""
        now = timezone.now()
        found = standing.standing_of(actor_of(request), now=now)
        return Response(
            {
                "asOf": found.as_of,
                "budgets": [_budget(state) for state in found.budgets],
                "quotas": [_quota(state) for state in found.quotas],
                "quotasResetAt": found.quotas_reset_at,
                "forecastCoverage": {"meant": MEANT_COVERAGE, "counted": coverage(now=now)},
            }
        )


def _budget(state: BudgetState) -> dict[str, Any]:
    holder, forecast = state.holder, state.forecast
    most = holder.max_budget
    return {
        "kind": holder.kind,
        "id": holder.id,
        "name": holder.name,
        "maxBudget": most,
        "softBudget": holder.soft_budget,
        "spend": state.spend,
        "remaining": None if most is None else max(most - state.spend, most - most),
        "budgetDuration": holder.budget_window or None,
        "windowStart": holder.window.start,
        "windowEnd": holder.window.end,
        "thresholds": state.thresholds,
        "forecast": {"low": forecast.low, "expected": forecast.expected, "high": forecast.high}
        if forecast
        else None,
    }


def _quota(state: QuotaState) -> dict[str, Any]:
    row = state.subscription
    return {
        "subscriptionId": row.pk,
        "modelId": row.model_id,
        "status": row.status,
        "quotaRequests": row.quota_requests,
        "usedRequests": state.used_requests,
        "quotaTokens": row.quota_tokens,
        "usedTokens": state.used_tokens,
    }


class AlertThresholdsIn(serializers.Serializer[Any]):
    thresholds = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=1000),
        allow_null=True,
        max_length=10,
        min_length=1,
    )


class ThresholdsView(ContractView):
    permissions_needed = {"PUT": "usage:read"}

    @extend_schema(request=AlertThresholdsIn, responses=AlertThresholdsOut)
    def put(self, request: Request, kind: str, object_id: UUID) -> Response:
        """At how many per cent of this budget to alert; null for the usual ones. `kind`: user, team or api-key."""
        if kind not in _KINDS:
            raise NotFound
        body = body_of(request, AlertThresholdsIn)
        wanted = services.set_thresholds(
            actor=actor_of(request),
            kind=_KINDS[kind],
            object_id=UUID(str(object_id)),
            percents=body["thresholds"],
            now=timezone.now(),
        )
        return Response({"thresholds": wanted})


class AlertsView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(parameters=page_parameters(), responses=AlertPageOut)
    def get(self, request: Request) -> Response:
        """Alerts that were raised, newest first."""
        return Response(page_of(request, BudgetAlert.objects.order_by("-raised_at", "id"), _alert))


def _alert(alert: BudgetAlert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "objectId": alert.object_id,
        "name": alert.name,
        "threshold": alert.threshold or None,
        "spend": alert.spend,
        "maxBudget": alert.max_budget,
        "windowStart": alert.window_start,
        "windowEnd": alert.window_end,
        "raisedAt": alert.raised_at,
    }


class WebhookIn(serializers.Serializer[Any]):
    url = Text(max_length=500)
    description = Text(max_length=255, required=False, allow_blank=True, default="")


class WebhookChangeIn(serializers.Serializer[Any]):
    isActive = Flag(required=False)
    description = Text(max_length=255, required=False, allow_blank=True)


def _webhook(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.pk,
        "url": hook.url,
        "description": hook.description,
        "isActive": hook.is_active,
        "createdAt": hook.created_at,
    }


class WebhooksView(ContractView):
    permissions_needed = {"GET": "admin:usage", "POST": "admin:settings"}

    @extend_schema(responses=WebhooksOut)
    def get(self, request: Request) -> Response:
        """The addresses that are told of budget alerts."""
        rows = Webhook.objects.visible_to(actor_of(request)).order_by("created_at", "id")
        return Response({"data": [_webhook(hook) for hook in rows]})

    @extend_schema(request=WebhookIn, responses={201: NewWebhookOut})
    def post(self, request: Request) -> Response:
        """Have an address told of every budget alert. The secret that signs is in this answer only."""
        body = body_of(request, WebhookIn)
        hook, secret = services.add_webhook(actor=actor_of(request), now=timezone.now(), **body)
        answer = created(_webhook(hook) | {"secret": secret})
        answer["Cache-Control"] = "no-store"
        return answer


class WebhookView(ContractView):
    permissions_needed = {"PATCH": "admin:settings", "DELETE": "admin:settings"}

    @extend_schema(request=WebhookChangeIn, responses=WebhookOut)
    def patch(self, request: Request, webhook_id: str) -> Response:
        body = body_of(request, WebhookChangeIn)
        values = {"is_active": body["isActive"]} if "isActive" in body else {}
        values |= {"description": body["description"]} if "description" in body else {}
        hook = services.change_webhook(
            actor=actor_of(request), webhook_id=UUID(webhook_id), values=values, now=timezone.now()
        )
        return Response(_webhook(hook))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        services.remove_webhook(actor=actor_of(request), webhook_id=UUID(webhook_id), now=timezone.now())
        return Response(status=204)
