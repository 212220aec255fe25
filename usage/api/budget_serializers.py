"""Answers about budgets, quotas and alerts."""

from typing import Any

from rest_framework import serializers

from litemaas.api.schema import PaginationOut
from usage.api.serializers import CostField


class BudgetOut(serializers.Serializer[Any]):
    maxBudget = CostField(allow_null=True)
    currentSpend = CostField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    softBudget = CostField(allow_null=True)
    asOf = serializers.DateTimeField(allow_null=True)


class ForecastOut(serializers.Serializer[Any]):
    low = CostField()
    expected = CostField()
    high = CostField()


class BudgetStateOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["user", "team", "key"])
    id = serializers.UUIDField()
    name = serializers.CharField()
    maxBudget = CostField(allow_null=True)
    softBudget = CostField(allow_null=True)
    spend = CostField()
    remaining = CostField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    windowStart = serializers.DateTimeField()
    windowEnd = serializers.DateTimeField(allow_null=True)
    thresholds = serializers.ListField(child=serializers.IntegerField())
    forecast = ForecastOut(allow_null=True)


class QuotaStateOut(serializers.Serializer[Any]):
    subscriptionId = serializers.UUIDField()
    modelId = serializers.CharField()
    status = serializers.CharField()
    quotaRequests = serializers.IntegerField()
    usedRequests = serializers.IntegerField(allow_null=True)
    quotaTokens = serializers.IntegerField()
    usedTokens = serializers.IntegerField(allow_null=True)


class CoverageOut(serializers.Serializer[Any]):
    """Shares from 0 to 1: how often a forecast's interval is meant to hold, and how often it did."""

    meant = serializers.FloatField()
    counted = serializers.FloatField(allow_null=True)


class StandingOut(serializers.Serializer[Any]):
    asOf = serializers.DateTimeField(allow_null=True)
    budgets = BudgetStateOut(many=True)
    quotas = QuotaStateOut(many=True)
    quotasResetAt = serializers.DateTimeField()
    forecastCoverage = CoverageOut()


class AlertThresholdsOut(serializers.Serializer[Any]):
    thresholds = serializers.ListField(child=serializers.IntegerField(), allow_null=True)


class BudgetAlertOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    objectId = serializers.UUIDField()
    name = serializers.CharField()
    threshold = serializers.IntegerField(allow_null=True)
    spend = CostField()
    maxBudget = CostField()
    windowStart = serializers.DateTimeField()
    windowEnd = serializers.DateTimeField(allow_null=True)
    raisedAt = serializers.DateTimeField()


class WebhookOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    isActive = serializers.BooleanField()
    createdAt = serializers.DateTimeField()


class NewWebhookOut(WebhookOut):
    secret = serializers.CharField()


# Made like this because a class attribute named `data` would shadow the serializer's own.
AlertPageOut: Any = type(
    "BudgetAlertPageOut",
    (serializers.Serializer,),
    {"data": BudgetAlertOut(many=True), "pagination": PaginationOut()},
)
WebhooksOut: Any = type("WebhooksOut", (serializers.Serializer,), {"data": WebhookOut(many=True)})
