"""The shapes of subscriptions (contract §6, §13)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from catalog.api.schema import AffectedOut
from litemaas.api.fields import Flag, Identifier, Text, Whole
from litemaas.api.rendering import dumps
from litemaas.api.schema import page_parameters, page_schema
from subscriptions.models import Subscription

Shape = serializers.Serializer[Any]
_LARGEST_QUOTA = 2**62
_LARGEST_METADATA = 4096


class Labels(serializers.DictField):
    """The owner's own notes: an object of at most 4 KiB."""

    default_error_messages = {"too_large": "At most 4 KiB."}

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if len(dumps(value)) > _LARGEST_METADATA:
            self.fail("too_large")
        return value


class SubscribeIn(Shape):
    modelId = Text(max_length=255)
    quotaRequests = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    quotaTokens = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    expiresAt = serializers.DateTimeField(required=False, allow_null=True)
    metadata = Labels(required=False, allow_null=True)
    userId = Identifier(required=False, allow_null=True, help_text="Administrators only.")
    reason = Text(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=500,
        help_text="For whoever decides about a restricted model.",
    )


class ChangeIn(Shape):
    quotaRequests = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    quotaTokens = Whole(required=False, min_value=1, max_value=_LARGEST_QUOTA)
    metadata = Labels(required=False)
    expiresAt = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Administrators only; null = never."
    )


class QuotasIn(Shape):
    quotaRequests = Whole(min_value=1, max_value=_LARGEST_QUOTA)
    quotaTokens = Whole(min_value=1, max_value=_LARGEST_QUOTA)


class ReasonIn(Shape):
    reason = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class ReviewIn(Shape):
    comment = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class RevertIn(ReasonIn):
    newStatus = serializers.ChoiceField(choices=["active", "denied", "pending"])


class ResetIn(Shape):
    """One of the two."""

    userId = Identifier(required=False, allow_null=True)
    all = Flag(required=False)


class GrantIn(ReasonIn):
    modelIds = serializers.ListField(child=Text(max_length=255), min_length=1, max_length=200)


class DecisionIn(Shape):
    subscriptionIds = serializers.ListField(child=Identifier(), min_length=1, max_length=500)
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
    metadata = serializers.DictField(help_text="`features`, the model's capabilities, and the owner's notes.")
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


class OwnedSubscriptionOut(SubscriptionOut):
    user = RequestUserOut()


class RequestModelOut(Shape):
    id = serializers.CharField()
    name = serializers.CharField()
    provider = serializers.CharField()
    restrictedAccess = serializers.BooleanField()


class RequestOut(OwnedSubscriptionOut):
    """A subscription with its owner and model, for those who decide."""

    model = RequestModelOut()
    history = StatusChangeOut(many=True, required=False)


class RequestStatsOut(Shape):
    """Days of the reporting time zone; all requests for restricted models."""

    pendingCount = serializers.IntegerField()
    approvedToday = serializers.IntegerField()
    deniedToday = serializers.IntegerField()
    totalRequests = serializers.IntegerField()


class QuotaPartOut(Shape):
    limit = serializers.IntegerField()
    used = serializers.IntegerField(allow_null=True)
    remaining = serializers.IntegerField(allow_null=True)
    resetAt = serializers.DateTimeField(allow_null=True)


class QuotaOut(Shape):
    requests = QuotaPartOut()
    tokens = QuotaPartOut()


class CostBreakdownOut(Shape):
    promptTokens = serializers.IntegerField(allow_null=True)
    completionTokens = serializers.IntegerField(allow_null=True)
    inputCost = serializers.FloatField(allow_null=True)
    outputCost = serializers.FloatField(allow_null=True)
    totalCost = serializers.FloatField(allow_null=True)


class BillingPeriodOut(Shape):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class SubscriptionPriceOut(Shape):
    """From recorded tokens only."""

    subscriptionId = serializers.UUIDField()
    usedRequests = serializers.IntegerField(allow_null=True)
    usedTokens = serializers.IntegerField(allow_null=True)
    inputCostPerToken = serializers.FloatField(allow_null=True)
    outputCostPerToken = serializers.FloatField(allow_null=True)
    estimatedCost = serializers.FloatField(allow_null=True)
    costBreakdown = CostBreakdownOut()
    billingPeriod = BillingPeriodOut()


class ThresholdsOut(Shape):
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()


class SubscriptionUseOut(Shape):
    subscriptionId = serializers.UUIDField()
    quotaRequests = serializers.IntegerField()
    quotaTokens = serializers.IntegerField()
    usedRequests = serializers.IntegerField(allow_null=True)
    usedTokens = serializers.IntegerField(allow_null=True)
    requestUtilization = serializers.FloatField(allow_null=True)
    tokenUtilization = serializers.FloatField(allow_null=True)
    withinRequestLimit = serializers.BooleanField(allow_null=True)
    withinTokenLimit = serializers.BooleanField(allow_null=True)
    resetDate = serializers.DateTimeField(allow_null=True)
    warningThresholds = ThresholdsOut()


class QuotaSumOut(Shape):
    used = serializers.IntegerField(allow_null=True)
    limit = serializers.IntegerField()


class QuotaSumsOut(Shape):
    requests = QuotaSumOut()
    tokens = QuotaSumOut()


class SubscriptionStatsOut(Shape):
    total = serializers.IntegerField()
    byStatus = serializers.DictField(child=serializers.IntegerField())
    byProvider = serializers.DictField(child=serializers.IntegerField())
    totalQuotaUsage = QuotaSumsOut()


class ResetOut(Shape):
    message = serializers.CharField()
    resetCount = serializers.IntegerField()
    dryRun = serializers.BooleanField(required=False)
    affected = AffectedOut(required=False)


class DeletedOut(Shape):
    success = serializers.BooleanField()
    dryRun = serializers.BooleanField(required=False)
    affected = AffectedOut(required=False)


class UserSubscriptionOut(Shape):
    id = serializers.UUIDField()
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=Subscription.Status.choices)
    statusReason = serializers.CharField(allow_null=True)
    createdAt = serializers.DateTimeField()
    statusChangedAt = serializers.DateTimeField(allow_null=True)


class GrantedOneOut(Shape):
    modelId = serializers.CharField()
    subscriptionId = serializers.UUIDField()


class ActivatedOneOut(GrantedOneOut):
    previousStatus = serializers.CharField()


class GrantOut(Shape):
    created = GrantedOneOut(many=True)
    activated = ActivatedOneOut(many=True)
    alreadyActive = serializers.ListField(child=serializers.CharField())


SubscriptionPageOut = page_schema(SubscriptionOut, with_total=True)
RequestPageOut = page_schema(RequestOut)
OwnedPageOut = page_schema(OwnedSubscriptionOut)
UserSubscriptionPageOut = page_schema(UserSubscriptionOut)

# `cancelled` is taken from old clients and never stored.
_STATUSES = [*Subscription.Status.values, "cancelled"]
LIST_PARAMETERS = [
    *page_parameters(),
    Param("status", str, enum=_STATUSES),
    Param("modelId", str),
    Param("userId", str, description="a UUID or “all”, for operators"),
]
ADMIN_PARAMETERS = [
    *page_parameters(),
    Param("statuses", str, many=True, enum=_STATUSES),
    Param("modelIds", str, many=True),
    Param("userIds", str, many=True),
    Param("restricted", bool),
    Param("dateFrom", datetime),
    Param("dateTo", datetime, description="the first moment of a day means all of it"),
]
OF_USER_PARAMETERS = [*page_parameters(), Param("status", str, enum=_STATUSES)]
ALL_PARAMETERS = [*OF_USER_PARAMETERS, Param("userId", UUID), Param("modelId", str)]
DRY_RUN = Param("dryRun", bool)
