"""The shapes of API keys (contract §7)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from litemaas.api.fields import NotYet, Text, Whole
from litemaas.api.schema import page_schema

Shape = serializers.Serializer[Any]
_MOST_MODELS = 500


class KeyMetadataIn(Shape):
    description = Text(required=False, allow_blank=True, allow_null=True, max_length=1000)


class IssueIn(Shape):
    """`modelIds`, or for old clients one `subscriptionId`."""

    modelIds = serializers.ListField(child=Text(max_length=255), required=False, max_length=_MOST_MODELS)
    subscriptionId = serializers.UUIDField(required=False, allow_null=True)
    name = Text(required=False, max_length=255)
    expiresAt = serializers.DateTimeField(required=False, allow_null=True)
    maxBudget = serializers.DecimalField(
        20, 10, required=False, allow_null=True, min_value=0, coerce_to_string=False
    )
    budgetDuration = Text(required=False, allow_null=True, max_length=20)
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    maxParallelRequests = Whole(required=False, allow_null=True, min_value=1)
    metadata = KeyMetadataIn(required=False, allow_null=True)
    softBudget = NotYet()
    modelMaxBudget = NotYet()
    modelRpmLimit = NotYet()
    modelTpmLimit = NotYet()
    teamId = NotYet()
    tags = NotYet()


class KeyModelOut(Shape):
    id = serializers.CharField()
    name = serializers.CharField()
    provider = serializers.CharField()
    contextLength = serializers.IntegerField(allow_null=True)
    supportsEmbeddings = serializers.BooleanField()
    supportsConvert = serializers.BooleanField()


class KeySubscriptionOut(Shape):
    subscriptionId = serializers.UUIDField()
    modelId = serializers.CharField()
    status = serializers.CharField()


class KeyMetadataOut(Shape):
    description = serializers.CharField(required=False)


class ApiKeyOut(Shape):
    """A credential for the gateway. `models` is what it opens now. The secret is never here."""

    id = serializers.UUIDField()
    userId = serializers.UUIDField()
    name = serializers.CharField()
    keyPrefix = serializers.CharField()
    prefix = serializers.CharField()
    keyPreview = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField())
    modelDetails = KeyModelOut(many=True)
    subscriptionId = serializers.UUIDField(allow_null=True)
    subscriptionDetails = KeySubscriptionOut(many=True)
    isActive = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    lastUsedAt = serializers.DateTimeField(allow_null=True)
    expiresAt = serializers.DateTimeField(allow_null=True)
    revokedAt = serializers.DateTimeField(allow_null=True)
    maxBudget = serializers.FloatField(allow_null=True)
    currentSpend = serializers.FloatField(allow_null=True)
    budgetUtilization = serializers.FloatField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    softBudget = serializers.FloatField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    maxParallelRequests = serializers.IntegerField(allow_null=True)
    modelMaxBudget = serializers.DictField(allow_null=True)
    modelRpmLimit = serializers.DictField(allow_null=True)
    modelTpmLimit = serializers.DictField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    teamId = serializers.UUIDField(allow_null=True)
    metadata = KeyMetadataOut()
    isLiteLLMKey = serializers.BooleanField()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])
    syncError = serializers.CharField(allow_null=True)
    lastSyncAt = serializers.DateTimeField(allow_null=True)
    keyAlias = serializers.CharField()
    blocked = serializers.BooleanField()
    portalPermissions = serializers.ListField(child=serializers.CharField())
    secretAvailable = serializers.BooleanField()
    spendAsOf = serializers.DateTimeField(allow_null=True)


class IssuedKeyOut(ApiKeyOut):
    key = serializers.CharField(allow_null=True, help_text="The secret, shown once.")


class DeletedOut(Shape):
    message = serializers.CharField()
    deletedAt = serializers.DateTimeField()


class RevealedOut(Shape):
    key = serializers.CharField()
    keyType = serializers.CharField()
    retrievedAt = serializers.DateTimeField()


ApiKeyPageOut = page_schema(ApiKeyOut, with_total=True)

LIST_PARAMETERS = [
    Param("page", int),
    Param("limit", int, description="1 to 100, 20 if not given"),
    Param("modelIds", str, many=True, description="repeated, or separated by commas"),
    Param("isActive", bool),
    Param("subscriptionId", str),
    Param("userId", str, description="a UUID or “all”, for operators"),
]
IDEMPOTENCY_KEY = Param(
    "Idempotency-Key", str, location=Param.HEADER, description="The same value again gives the same key."
)
