"""The shapes of subscriptions (contract §6, §13)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from litemaas.api.fields import NotYet, Text, Whole
from litemaas.api.schema import page_schema
from subscriptions.models import Subscription

Shape = serializers.Serializer[Any]
_LARGEST_QUOTA = 2**62


class SubscribeIn(Shape):
    modelId = Text(max_length=255)
    quotaRequests = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    quotaTokens = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    expiresAt = serializers.DateTimeField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True)
    userId = NotYet()


class ReviewIn(Shape):
    comment = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class DecisionIn(Shape):
    subscriptionIds = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)
    reason = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class DecisionErrorOut(Shape):
    subscription = serializers.UUIDField()
    error = serializers.CharField()


class DecisionOut(Shape):
    successful = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = DecisionErrorOut(many=True)  # type: ignore[assignment]


class UtilizationOut(Shape):
    requests = serializers.FloatField(allow_null=True)
    tokens = serializers.FloatField(allow_null=True)


class SubscriptionPricingOut(Shape):
    inputCostPerToken = serializers.FloatField(allow_null=True)
    outputCostPerToken = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()


class FeaturesOut(Shape):
    features = serializers.ListField(child=serializers.CharField())


class SubscriptionOut(Shape):
    """A user's right to use a model. What has not been measured is null."""

    id = serializers.UUIDField()
    userId = serializers.UUIDField()
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField()
    status = serializers.ChoiceField(choices=Subscription.Status.choices)
    quotaRequests = serializers.IntegerField()
    quotaTokens = serializers.IntegerField()
    usedRequests = serializers.IntegerField(allow_null=True)
    usedTokens = serializers.IntegerField(allow_null=True)
    remainingRequests = serializers.IntegerField(allow_null=True)
    remainingTokens = serializers.IntegerField(allow_null=True)
    utilizationPercent = UtilizationOut()
    requestUtilization = serializers.FloatField(allow_null=True)
    tokenUtilization = serializers.FloatField(allow_null=True)
    pricing = SubscriptionPricingOut(allow_null=True)
    inputCostPerToken = serializers.FloatField(allow_null=True)
    outputCostPerToken = serializers.FloatField(allow_null=True)
    estimatedMonthlyCost = serializers.FloatField(allow_null=True)
    resetAt = serializers.DateTimeField(allow_null=True)
    expiresAt = serializers.DateTimeField(allow_null=True)
    statusReason = serializers.CharField(allow_null=True)
    statusChangedAt = serializers.DateTimeField(allow_null=True)
    statusChangedBy = serializers.UUIDField(allow_null=True)
    metadata = FeaturesOut()
    modelDescription = serializers.CharField(allow_null=True)
    modelContextLength = serializers.IntegerField(allow_null=True)
    modelSupportsVision = serializers.BooleanField()
    modelSupportsFunctionCalling = serializers.BooleanField()
    modelSupportsParallelFunctionCalling = serializers.BooleanField()
    modelSupportsToolChoice = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    restrictedAccess = serializers.BooleanField()
    modelAvailability = serializers.CharField()
    allowedActions = serializers.ListField(child=serializers.CharField())


class ChangedByOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()


class StatusChangeOut(Shape):
    id = serializers.IntegerField()
    oldStatus = serializers.CharField(allow_null=True)
    newStatus = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    changedBy = ChangedByOut(allow_null=True)
    changedAt = serializers.DateTimeField()


class HistoryOut(Shape):
    data = StatusChangeOut(many=True)  # type: ignore[assignment]


class RequestUserOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()


class RequestOut(SubscriptionOut):
    """A subscription with its owner, for those who decide."""

    user = RequestUserOut()


SubscriptionPageOut = page_schema(SubscriptionOut, with_total=True)
RequestPageOut = page_schema(RequestOut)

PAGE = [Param("page", int), Param("limit", int, description="1 to 100, 20 if not given")]
LIST_PARAMETERS = [
    *PAGE,
    Param("status", str, enum=[*Subscription.Status.values, "cancelled"]),
    Param("modelId", str),
    Param("userId", str, description="a UUID or “all”, for operators"),
]
ADMIN_PARAMETERS = [
    *PAGE,
    Param("statuses", str, many=True),
    Param("modelIds", str, many=True),
    Param("userIds", str, many=True),
    Param("restricted", bool),
]
