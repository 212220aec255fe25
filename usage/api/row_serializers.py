"""Bodies and answers of the operators' breakdowns."""

from typing import Any

from rest_framework import serializers

from litemaas.api.fields import Identifier
from usage.api.serializers import (
    AnalyticsIn,
    CostField,
    DataQualityOut,
    ModelOptionOut,
    ModelSumOut,
    PointOut,
    TopModelOut,
    TotalsOut,
    UserSumOut,
)


class FiltersIn(AnalyticsIn):
    userIds = serializers.ListField(child=Identifier(), required=False, max_length=500)
    teamIds = serializers.ListField(child=Identifier(), required=False, max_length=500)


class AllTokensOut(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    prompt = serializers.IntegerField()
    completion = serializers.IntegerField()
    input = serializers.IntegerField()
    output = serializers.IntegerField()


class MetricsOut(serializers.Serializer[Any]):
    requests = serializers.IntegerField()
    tokens = AllTokensOut()
    cost = CostField()


class ModelPartOut(MetricsOut):
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField()


class KeyPartOut(MetricsOut):
    keyId = serializers.UUIDField(allow_null=True)
    keyAlias = serializers.CharField(allow_null=True)
    lastUsed = serializers.DateTimeField(allow_null=True)


class UserMetricsOut(MetricsOut):
    models = ModelPartOut(many=True)
    apiKeys = KeyPartOut(many=True)
    lastActive = serializers.DateTimeField(allow_null=True)


class UserRowOut(serializers.Serializer[Any]):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    role = serializers.CharField()
    metrics = UserMetricsOut()


class RatedMetricsOut(MetricsOut):
    successRate = serializers.FloatField(allow_null=True)


class ModelMetricsOut(RatedMetricsOut):
    users = serializers.IntegerField()


class ModelRowOut(serializers.Serializer[Any]):
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField()
    metrics = ModelMetricsOut()


class GroupMetricsOut(ModelMetricsOut):
    models = serializers.IntegerField()


class ProviderRowOut(serializers.Serializer[Any]):
    provider = serializers.CharField()
    metrics = GroupMetricsOut()


class KeyMetricsOut(RatedMetricsOut):
    lastUsed = serializers.DateTimeField(allow_null=True)


class KeyRowOut(serializers.Serializer[Any]):
    keyId = serializers.UUIDField(allow_null=True)
    keyAlias = serializers.CharField(allow_null=True)
    userId = serializers.UUIDField()
    username = serializers.CharField()
    metrics = KeyMetricsOut()


class TeamRowOut(serializers.Serializer[Any]):
    teamId = serializers.UUIDField(allow_null=True)
    teamName = serializers.CharField()
    metrics = ModelMetricsOut()


class DayRowOut(serializers.Serializer[Any]):
    date = serializers.DateField()
    metrics = ModelMetricsOut()


class RowPageOut(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()
    hasNext = serializers.BooleanField()
    hasPrevious = serializers.BooleanField()


def _page_of(name: str, row: type[serializers.Serializer[Any]], **more: Any) -> Any:
    # Made like this because a class attribute named `data` would shadow the serializer's own.
    return type(name, (serializers.Serializer,), {"data": row(many=True), "pagination": RowPageOut(), **more})


ByUserOut = _page_of("UsageByUserOut", UserRowOut)
ByModelOut = _page_of("UsageByModelOut", ModelRowOut)
ByProviderOut = _page_of("UsageByProviderOut", ProviderRowOut)
ByKeyOut = _page_of("UsageByKeyOut", KeyRowOut)
ByTeamOut = _page_of("UsageByTeamOut", TeamRowOut)
ByDayOut = _page_of("UsageByDayOut", DayRowOut, dataQuality=DataQualityOut())


class UserOptionOut(serializers.Serializer[Any]):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()


class FilterOptionsOut(serializers.Serializer[Any]):
    models = ModelOptionOut(many=True)
    users = UserOptionOut(many=True)


class GlobalTopsOut(serializers.Serializer[Any]):
    topModels = TopModelOut(many=True)
    topUsers = UserSumOut(many=True)
    recentActivity = serializers.ListField(child=serializers.DictField())


class GlobalOut(serializers.Serializer[Any]):
    totalMetrics = TotalsOut()
    timeSeriesData = PointOut(many=True)
    modelBreakdown = ModelSumOut(many=True)
    topStats = GlobalTopsOut()


class ExportJobOut(serializers.Serializer[Any]):
    """The file comes from the job: `/jobs/<jobId>/file`."""

    jobId = serializers.UUIDField()
    rows = serializers.IntegerField()
    fileName = serializers.CharField()
