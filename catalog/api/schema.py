"""The shapes of the catalogue (contract §5)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from catalog.api.queries import SORTS
from catalog.models import PRICE_DIGITS, PRICE_PLACES, Model, SyncRun
from catalog.probing import Result
from litemaas.api.fields import Flag, Text, Whole
from litemaas.api.schema import page_parameters, page_schema

Shape = serializers.Serializer[Any]


def _text(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(**kwargs)


class PricingOut(Shape):
    """US dollars per one token."""

    input = serializers.FloatField(allow_null=True)
    output = serializers.FloatField(allow_null=True)
    unit = _text()


class ModelOut(Shape):
    """A model under its public name. Unknown facts are null."""

    id = _text()
    name = _text()
    provider = _text()
    description = _text()
    capabilities = serializers.ListField(child=_text())
    contextLength = serializers.IntegerField(allow_null=True)
    pricing = PricingOut(allow_null=True)
    isActive = serializers.BooleanField()
    restrictedAccess = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    inputCostPerToken = serializers.FloatField(allow_null=True)
    outputCostPerToken = serializers.FloatField(allow_null=True)
    tpm = serializers.IntegerField(allow_null=True)
    rpm = serializers.IntegerField(allow_null=True)
    maxTokens = serializers.IntegerField(allow_null=True)
    supportsVision = serializers.BooleanField()
    supportsFunctionCalling = serializers.BooleanField()
    supportsParallelFunctionCalling = serializers.BooleanField()
    supportsToolChoice = serializers.BooleanField()
    supportsChat = serializers.BooleanField()
    supportsEmbeddings = serializers.BooleanField()
    supportsTokenize = serializers.BooleanField()
    supportsConvert = serializers.BooleanField()
    modelType = serializers.ChoiceField(choices=Model.Type.choices)
    availability = serializers.ChoiceField(choices=Model.Availability.choices)
    subscriptionStatus = _text(allow_null=True)
    apiBase = _text(allow_null=True, required=False, help_text="Operators only.")
    backendModelName = _text(allow_null=True, required=False, help_text="Operators only.")
    litellmModelId = _text(allow_null=True, required=False, help_text="Operators only.")
    isManagedHere = serializers.BooleanField(required=False, help_text="Operators only.")
    retiredAt = serializers.DateTimeField(allow_null=True, required=False, help_text="Operators only.")


class ModelDetailOut(ModelOut):
    metadata = serializers.DictField()


ModelPageOut = page_schema(ModelOut)


class ProviderOut(Shape):
    name = _text()
    displayName = _text()
    modelCount = serializers.IntegerField()
    capabilities = serializers.ListField(child=_text())


class ProvidersOut(Shape):
    providers = ProviderOut(many=True)


class CapabilityOut(Shape):
    name = _text()
    displayName = _text()
    description = _text()
    modelCount = serializers.IntegerField()


class CapabilitiesOut(Shape):
    capabilities = CapabilityOut(many=True)


class SyncIn(Shape):
    """All fields are optional: `{}` synchronises. Without `markUnavailable` models that the gateway no longer lists
    stay available. With `forceUpdate` models without a change are written, too, and count as updated."""

    forceUpdate = Flag(required=False)
    markUnavailable = Flag(required=False)
    confirm = Flag(required=False)


class SampleOut(Shape):
    type = serializers.ChoiceField(choices=["users", "subscriptions", "apiKeys", "models"])
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class AffectedOut(Shape):
    users = serializers.IntegerField()
    subscriptions = serializers.IntegerField()
    apiKeys = serializers.IntegerField()
    models = serializers.IntegerField()
    samples = SampleOut(many=True, help_text="The first 20.")


class SyncOut(Shape):
    success = serializers.BooleanField()
    totalModels = serializers.IntegerField()
    newModels = serializers.IntegerField()
    updatedModels = serializers.IntegerField()
    unavailableModels = serializers.IntegerField()
    restoredModels = serializers.IntegerField()
    errors = serializers.ListField(child=_text())  # type: ignore[assignment]
    syncedAt = serializers.DateTimeField(allow_null=True)
    dryRun = serializers.BooleanField(required=False)
    jobId = serializers.UUIDField(required=False)
    affected = AffectedOut(required=False)


class SyncStatsOut(Shape):
    totalModels = serializers.IntegerField()
    availableModels = serializers.IntegerField()
    unavailableModels = serializers.IntegerField()
    lastSyncAt = serializers.DateTimeField(allow_null=True)


class CatalogueHealthOut(Shape):
    status = serializers.ChoiceField(choices=["healthy", "warning", "error"])
    lastSync = serializers.DateTimeField(allow_null=True)
    modelsCount = serializers.IntegerField()
    litellmConnected = serializers.BooleanField()
    issues = serializers.ListField(child=_text())


def _price() -> serializers.DecimalField:
    """US dollars per token."""
    return serializers.DecimalField(
        PRICE_DIGITS, PRICE_PLACES, required=False, min_value=0, coerce_to_string=False
    )


class ModelChangeIn(Shape):
    """What is absent stays. A blank or absent `api_key` keeps the stored one. Prices in US dollars per token."""

    model_name = Text(required=False, max_length=255)
    backend_model_name = Text(required=False, allow_blank=True, max_length=255)
    description = Text(required=False, allow_blank=True, allow_null=True, max_length=5000)
    api_base = Text(required=False, max_length=500)
    api_key = Text(required=False, allow_blank=True, allow_null=True, max_length=1000, write_only=True)
    input_cost_per_token = _price()
    output_cost_per_token = _price()
    tpm = Whole(required=False, allow_null=True, min_value=0)
    rpm = Whole(required=False, allow_null=True, min_value=0)
    max_tokens = Whole(required=False, allow_null=True, min_value=0)
    supports_vision = Flag(required=False)
    supports_function_calling = Flag(required=False)
    supports_parallel_function_calling = Flag(required=False)
    supports_tool_choice = Flag(required=False)
    supports_embeddings = Flag(required=False)
    supports_tokenize = Flag(required=False)
    supports_convert = Flag(required=False)
    restrictedAccess = Flag(required=False)


class ModelCreateIn(ModelChangeIn):
    """For models that convert documents, `backend_model_name` and the prices may be missing."""

    model_name = Text(max_length=255)
    api_base = Text(max_length=500)

    def validate(self, attrs: Any) -> Any:
        if attrs.get("supports_convert"):
            return attrs
        needed = ("backend_model_name", "input_cost_per_token", "output_cost_per_token")
        if missing := {name: "This field is required." for name in needed if attrs.get(name) in (None, "")}:
            raise serializers.ValidationError(missing)
        return attrs


class ModelTestIn(Shape):
    api_base = Text(max_length=500)
    backend_model_name = Text(required=False, allow_blank=True, allow_null=True, max_length=255)
    api_key = Text(required=False, allow_blank=True, allow_null=True, max_length=1000, write_only=True)
    model_id = Text(required=False, allow_blank=True, allow_null=True, max_length=255)
    supports_convert = Flag(required=False, allow_null=True)


class ModelTestOut(Shape):
    success = serializers.BooleanField()
    result = serializers.ChoiceField(choices=[result.value for result in Result])
    message = _text()
    availableModels = serializers.ListField(child=_text(), required=False)


class CreatedModelOut(Shape):
    id = _text()
    model_name = _text()
    created_at = serializers.DateTimeField()


class ChangedModelOut(Shape):
    id = _text()
    model_name = _text()
    updated_at = serializers.DateTimeField()


class ModelDeletedOut(Shape):
    success = serializers.BooleanField()
    message = _text()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])
    dryRun = serializers.BooleanField(required=False)
    affected = AffectedOut(required=False)


class ModelCreatedOut(Shape):
    success = serializers.BooleanField()
    message = _text()
    model = CreatedModelOut()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])


class ModelChangedOut(ModelDeletedOut):
    model = ChangedModelOut()


class DeleteModelIn(Shape):
    reason = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class RefreshOut(Shape):
    message = _text()
    modelsCount = serializers.IntegerField()
    refreshedAt = serializers.DateTimeField(allow_null=True)
    jobId = serializers.UUIDField(required=False)


class AdminSyncIn(Shape):
    """With `forceSync` models without a change are written, too, and count as updated."""

    forceSync = Flag(required=False)


class AdminSyncResultsOut(Shape):
    modelsAdded = serializers.IntegerField()
    modelsUpdated = serializers.IntegerField()
    modelsRemoved = serializers.IntegerField()
    total = serializers.IntegerField()


class AdminSyncOut(Shape):
    syncId = _text()
    startedAt = serializers.DateTimeField()
    completedAt = serializers.DateTimeField(allow_null=True)
    results = AdminSyncResultsOut()
    jobId = serializers.UUIDField(required=False)


class ValidationOut(Shape):
    """`invalidModels` are available by name, and nothing serves them."""

    validModels = serializers.IntegerField()
    invalidModels = serializers.ListField(child=_text())
    orphanedSubscriptions = serializers.IntegerField()


class SyncRunOut(Shape):
    id = serializers.IntegerField()
    startedAt = serializers.DateTimeField()
    finishedAt = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=SyncRun.State.choices)
    trigger = _text()
    totalModels = serializers.IntegerField()
    newModels = serializers.IntegerField()
    updatedModels = serializers.IntegerField()
    unavailableModels = serializers.IntegerField()
    restoredModels = serializers.IntegerField()
    finding = _text(allow_null=True)


SyncRunPageOut = page_schema(SyncRunOut)


LIST_PARAMETERS = [
    *page_parameters(most=1000),
    Param("search", str, description="in name, provider and description"),
    Param("provider", str),
    Param("capability", str),
    Param("isActive", str, enum=["true", "false", "all"], description="anything but true is for operators"),
    Param("restricted", bool),
    Param("sortBy", str, enum=list(SORTS)),
    Param("sortOrder", str, enum=["asc", "desc"]),
]
