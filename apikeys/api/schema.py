"""The shapes of API keys (contract §7)."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from litemaas.api.fields import Amount, Flag, Identifier, Text, Whole
from litemaas.api.schema import KEY_SCHEMA, page_parameters, page_schema

Shape = serializers.Serializer[Any]
_MOST_MODELS = 500


class Metadata(serializers.DictField):
    """Any JSON object; its size is checked by the use case."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return dict(data)


class ModelBudgetIn(Shape):
    budgetLimit = serializers.FloatField(min_value=0)
    timePeriod = Text(max_length=20)


class KeyPermissionsIn(Shape):
    """A right that is not named is given."""

    allowChatCompletions = Flag(required=False)
    allowEmbeddings = Flag(required=False)
    allowCompletions = Flag(required=False)


def _amount() -> Amount:
    return Amount(required=False, allow_null=True, coerce_to_string=False)


def _by_model(child: Any) -> serializers.DictField:
    return serializers.DictField(child=child, required=False, allow_null=True)


def _texts(longest: int) -> serializers.ListField:
    child = Text(max_length=longest)
    return serializers.ListField(child=child, required=False, allow_null=True, max_length=100)


class ChangeKeyIn(Shape):
    """Absent keeps, null clears."""

    modelIds = serializers.ListField(child=Text(max_length=255), required=False, max_length=_MOST_MODELS)
    name = Text(required=False, max_length=255)
    expiresAt = serializers.DateTimeField(required=False, allow_null=True)
    maxBudget = _amount()
    softBudget = _amount()
    budgetDuration = Text(required=False, allow_null=True, allow_blank=True, max_length=20)
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    maxParallelRequests = Whole(required=False, allow_null=True, min_value=1)
    modelMaxBudget = _by_model(ModelBudgetIn())
    modelRpmLimit = _by_model(Whole())
    modelTpmLimit = _by_model(Whole())
    tags = _texts(50)
    permissions = KeyPermissionsIn(required=False, allow_null=True)
    metadata = Metadata(required=False, allow_null=True)
    portalPermissions = _texts(60)


class IssueIn(ChangeKeyIn):
    """`modelIds`, or for old clients one `subscriptionId`. What is absent gets the default."""

    subscriptionId = Identifier(required=False, allow_null=True)
    name = Text(required=False, max_length=255, allow_null=True)
    teamId = Identifier(required=False, allow_null=True)
    guardrails = _texts(100)


class TeamIssueIn(ChangeKeyIn):
    ownership = serializers.ChoiceField(choices=["personal", "service"], default="personal")
    guardrails = _texts(100)


class AdminIssueIn(ChangeKeyIn):
    name = Text(max_length=255)
    guardrails = _texts(100)


class RotateIn(Shape):
    overlapSeconds = Whole(required=False, max_value=604_800)
    reason = Text(required=False, allow_null=True, allow_blank=True, max_length=500)


class KeyReasonIn(Shape):
    reason = Text(required=False, allow_null=True, allow_blank=True, max_length=500)


class ValidateKeyIn(Shape):
    key = Text(max_length=500)


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


class ModelBudgetOut(Shape):
    budgetLimit = serializers.FloatField()
    timePeriod = serializers.CharField()


class ApiKeyOut(Shape):
    """A credential for the gateway. `models` is what it opens now. The secret is never here."""

    id = serializers.UUIDField()
    userId = serializers.UUIDField(allow_null=True)
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
    modelMaxBudget = serializers.DictField(child=ModelBudgetOut(), allow_null=True)
    modelRpmLimit = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    modelTpmLimit = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    teamId = serializers.UUIDField(allow_null=True)
    metadata = serializers.DictField()
    isLiteLLMKey = serializers.BooleanField()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])
    syncError = serializers.CharField(allow_null=True)
    lastSyncAt = serializers.DateTimeField(allow_null=True)
    keyAlias = serializers.CharField()
    blocked = serializers.BooleanField()
    portalPermissions = serializers.ListField(child=serializers.CharField())
    permissions = serializers.DictField(child=serializers.BooleanField(), allow_null=True)
    guardrails = serializers.ListField(child=serializers.CharField())
    ownership = serializers.ChoiceField(choices=["personal", "service"])
    secretAvailable = serializers.BooleanField()
    oldKeyPrefix = serializers.CharField(
        allow_null=True, help_text="The secret that a rotation has not retired yet."
    )
    oldKeyValidUntil = serializers.DateTimeField(allow_null=True)
    oldKeyLastUsedAt = serializers.DateTimeField(allow_null=True)
    spendAsOf = serializers.DateTimeField(allow_null=True)


class IssuedKeyOut(ApiKeyOut):
    key = serializers.CharField(allow_null=True, help_text="The secret, shown once.")


class KeyDeletedOut(Shape):
    message = serializers.CharField()
    deletedAt = serializers.DateTimeField()


class RevealedOut(Shape):
    key = serializers.CharField()
    keyType = serializers.CharField()
    retrievedAt = serializers.DateTimeField()


class RotatedOut(Shape):
    id = serializers.UUIDField()
    key = serializers.CharField(allow_null=True, help_text="The new secret, shown once.")
    keyPrefix = serializers.CharField()
    rotatedAt = serializers.DateTimeField()
    oldPrefix = serializers.CharField(allow_null=True)
    oldKeyValidUntil = serializers.DateTimeField(allow_null=True)
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])


class KeySpendResetOut(Shape):
    id = serializers.UUIDField()
    currentSpend = serializers.FloatField()
    resetAt = serializers.DateTimeField()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])


class KeyStatsOut(Shape):
    total = serializers.IntegerField()
    active = serializers.IntegerField()
    expired = serializers.IntegerField()
    revoked = serializers.IntegerField()
    bySubscription = serializers.DictField(child=serializers.IntegerField())
    byModel = serializers.DictField(child=serializers.IntegerField())


class ValidatedOut(Shape):
    isValid = serializers.BooleanField()
    subscriptionId = serializers.UUIDField(allow_null=True)
    models = serializers.ListField(child=serializers.CharField())
    userId = serializers.UUIDField(allow_null=True)
    keyId = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class KeysCleanedOut(Shape):
    message = serializers.CharField()
    cleanedCount = serializers.IntegerField()


class KeyOwnerOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()


class OwnedKeyOut(ApiKeyOut):
    user = KeyOwnerOut(allow_null=True)


class AdminIssuedOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    keyPrefix = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField())
    isActive = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField(allow_null=True)


class NamedKeyOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    keyAlias = serializers.CharField()
    userId = serializers.UUIDField(allow_null=True)
    username = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)


class NamedKeysOut(Shape):
    apiKeys = NamedKeyOut(many=True)
    total = serializers.IntegerField()


class KeyEndedOut(Shape):
    success = serializers.BooleanField()


class EffectiveSumOut(Shape):
    maxBudget = serializers.FloatField(allow_null=True)
    remainingBudget = serializers.FloatField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    maxParallelRequests = serializers.IntegerField(allow_null=True)


class LimitLevelOut(Shape):
    level = serializers.ChoiceField(choices=["user", "team", "member", "key", "model", "default"])
    id = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    maxBudget = serializers.FloatField(allow_null=True)
    currentSpend = serializers.FloatField(allow_null=True)
    remainingBudget = serializers.FloatField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    maxParallelRequests = serializers.IntegerField(allow_null=True)
    applies = serializers.BooleanField()
    binding = serializers.BooleanField()


class EffectiveLimitsOut(Shape):
    """`binding`: this level stops first. `applies` is false where the gateway does not hold the key to the level."""

    effective = EffectiveSumOut()
    levels = LimitLevelOut(many=True)
    asOf = serializers.DateTimeField()


class KeyDefaults(Shape):
    maxBudget = _amount()
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    budgetDuration = Text(required=False, allow_null=True, allow_blank=True, max_length=20)
    softBudget = _amount()
    expirationDays = Whole(required=False, allow_null=True, min_value=1, max_value=3650)


class KeyMaximums(Shape):
    maxBudget = _amount()
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    expirationDays = Whole(required=False, allow_null=True, min_value=1, max_value=3650)


class KeyPolicyBody(Shape):
    defaults = KeyDefaults(required=False)
    maximums = KeyMaximums(required=False)


OwnedKeyPageOut = page_schema(OwnedKeyOut, with_total=True)
ApiKeyPageOut = page_schema(ApiKeyOut, with_total=True)

LIST_PARAMETERS = [
    *page_parameters(),
    Param("modelIds", str, many=True, description="repeated, or separated by commas"),
    Param("isActive", bool),
    Param("subscriptionId", UUID),
    Param("userId", str, description="a UUID or “all”, for operators"),
]
IDEMPOTENCY_KEY = Param(
    "Idempotency-Key",
    KEY_SCHEMA,
    location=Param.HEADER,
    description="The same value again gives the same key.",
)
