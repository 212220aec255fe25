"""The shapes of the catalogue (contract §5)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from catalog.api.queries import SORTS
from catalog.models import Model
from litemaas.api.fields import Flag
from litemaas.api.schema import page_schema

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
    """All fields are optional: `{}` synchronises. `forceUpdate` and `markUnavailable` change nothing here."""

    forceUpdate = Flag(required=False)
    markUnavailable = Flag(required=False)
    confirm = Flag(required=False)


class AffectedOut(Shape):
    users = serializers.IntegerField()
    subscriptions = serializers.IntegerField()
    apiKeys = serializers.IntegerField()
    models = serializers.IntegerField()
    samples = serializers.ListField(child=serializers.DictField())


class SyncOut(Shape):
    success = serializers.BooleanField()
    totalModels = serializers.IntegerField()
    newModels = serializers.IntegerField()
    updatedModels = serializers.IntegerField()
    unavailableModels = serializers.IntegerField()
    restoredModels = serializers.IntegerField()
    errors = serializers.ListField(child=_text())  # type: ignore[assignment]
    syncedAt = serializers.DateTimeField()
    dryRun = serializers.BooleanField(required=False)
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


LIST_PARAMETERS = [
    Param("page", int),
    Param("limit", int, description="1 to 1000, 20 if not given"),
    Param("search", str, description="in name, provider and description"),
    Param("provider", str),
    Param("capability", str),
    Param("isActive", str, enum=["true", "false", "all"], description="anything but true is for operators"),
    Param("restricted", bool),
    Param("sortBy", str, enum=list(SORTS)),
    Param("sortOrder", str, enum=["asc", "desc"]),
]
