"""Bodies and answers of the usage API."""

from typing import Any, ClassVar

from rest_framework import serializers

from litemaas.api.fields import Text


class CostField(serializers.DecimalField):
    """US dollars, every digit, as a JSON number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, coerce_to_string=False, **kwargs)


class DayField(serializers.CharField):
    """A day that `usage.periods` reads, which has its own codes for one that is missing or wrong."""

    shown_as: ClassVar[dict[str, Any]] = {"type": "string", "format": "date"}

    def __init__(self) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, max_length=40)


class AnalyticsIn(serializers.Serializer[Any]):
    described: ClassVar[dict[str, Any]] = {"required": ["startDate", "endDate"]}
    startDate = DayField()
    endDate = DayField()
    modelIds = serializers.ListField(child=Text(max_length=255), required=False, max_length=500)
    providerIds = serializers.ListField(child=Text(max_length=100), required=False, max_length=500)
    apiKeyIds = serializers.ListField(child=Text(max_length=255), required=False, max_length=500)


class AmountsOut(serializers.Serializer[Any]):
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = CostField()


class ModelSumOut(AmountsOut):
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField()


class UserSumOut(AmountsOut):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    role = serializers.CharField()


class KeySumOut(serializers.Serializer[Any]):
    keyId = serializers.UUIDField()
    keyAlias = serializers.CharField(allow_null=True)
    userId = serializers.UUIDField()
    username = serializers.CharField()
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = CostField()


class PeriodOut(serializers.Serializer[Any]):
    startDate = serializers.DateField()
    endDate = serializers.DateField()


class TokensOut(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    prompt = serializers.IntegerField()
    completion = serializers.IntegerField()


class CostsOut(serializers.Serializer[Any]):
    total = CostField()
    byProvider = serializers.DictField(child=CostField())
    byModel = serializers.DictField(child=CostField())
    byUser = serializers.DictField(child=CostField())


class TopMetricsOut(serializers.Serializer[Any]):
    topUser = UserSumOut(allow_null=True)
    topModel = ModelSumOut(allow_null=True)
    topApiKey = KeySumOut(allow_null=True)


class TrendOut(serializers.Serializer[Any]):
    metric = serializers.CharField()
    current = CostField()
    previous = CostField()
    percentageChange = serializers.FloatField(allow_null=True)
    direction = serializers.ChoiceField(choices=["up", "down", "stable"])


class TrendsOut(serializers.Serializer[Any]):
    requestsTrend = TrendOut()
    costTrend = TrendOut()
    usersTrend = TrendOut()
    totalTokensTrend = TrendOut()
    promptTokensTrend = TrendOut()
    completionTokensTrend = TrendOut()


class DayOut(AmountsOut):
    date = serializers.DateField()


class DayModelsOut(serializers.Serializer[Any]):
    date = serializers.DateField()
    models = ModelSumOut(many=True)


class DataQualityOut(serializers.Serializer[Any]):
    asOf = serializers.DateTimeField(allow_null=True)
    missingDays = serializers.ListField(child=serializers.DateField())
    unattributedRequests = serializers.IntegerField()
    complete = serializers.BooleanField()
    trust = serializers.ChoiceField(choices=["verified", "explained", "differs"], allow_null=True)
    differingDays = serializers.ListField(child=serializers.DateField())


class AnalyticsOut(serializers.Serializer[Any]):
    period = PeriodOut()
    totalUsers = serializers.IntegerField()
    activeUsers = serializers.IntegerField()
    totalRequests = serializers.IntegerField()
    totalTokens = TokensOut()
    totalCost = CostsOut()
    successRate = serializers.FloatField(allow_null=True)
    averageLatency = serializers.FloatField(allow_null=True)
    topMetrics = TopMetricsOut()
    trends = TrendsOut()
    dailyUsage = DayOut(many=True)
    dailyModelUsage = DayModelsOut(many=True)
    topModels = ModelSumOut(many=True)
    topUsers = UserSumOut(many=True)
    dataQuality = DataQualityOut()


class RatesOut(serializers.Serializer[Any]):
    averageLatency = serializers.FloatField(allow_null=True)
    errorRate = serializers.FloatField(allow_null=True)
    successRate = serializers.FloatField(allow_null=True)


class TotalsOut(RatesOut):
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = CostField()
    promptTokens = serializers.IntegerField()
    completionTokens = serializers.IntegerField()


class MeasuresOut(RatesOut):
    requests = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = CostField()
    totalRequests = serializers.IntegerField()
    totalTokens = serializers.IntegerField()
    totalPromptTokens = serializers.IntegerField()
    totalCompletionTokens = serializers.IntegerField()


class ModelMeasuresOut(MeasuresOut):
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    provider = serializers.CharField()


class SpanOut(serializers.Serializer[Any]):
    start = serializers.DateField()
    end = serializers.DateField()


class SummaryOut(serializers.Serializer[Any]):
    period = SpanOut()
    totals = TotalsOut()
    byModel = ModelMeasuresOut(many=True)
    dataQuality = DataQualityOut()


class PointOut(MeasuresOut):
    timestamp = serializers.DateTimeField()
    period = serializers.CharField()
    startTime = serializers.DateTimeField()
    endTime = serializers.DateTimeField()


# Made like this because a class attribute named `data` would shadow the serializer's own.
TimeSeriesOut: Any = type(
    "TimeSeriesOut",
    (serializers.Serializer,),
    {"interval": serializers.CharField(), "data": PointOut(many=True)},
)


class ModelOptionOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    provider = serializers.CharField()


class KeyOptionOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    keyAlias = serializers.CharField()


class OwnFilterOptionsOut(serializers.Serializer[Any]):
    models = ModelOptionOut(many=True)
    apiKeys = KeyOptionOut(many=True)


class NamedSumOut(AmountsOut):
    name = serializers.CharField()


class LegacyMetricsOut(serializers.Serializer[Any]):
    totalRequests = serializers.IntegerField()
    totalTokens = serializers.IntegerField()
    totalCost = CostField()
    averageResponseTime = serializers.FloatField(allow_null=True)
    successRate = serializers.FloatField(allow_null=True)
    activeModels = serializers.IntegerField()
    topModels = NamedSumOut(many=True)
    dailyUsage = DayOut(many=True)
    hourlyUsage = serializers.ListField(child=serializers.DictField())
    errorBreakdown = serializers.ListField(child=serializers.DictField())


class PeriodSumsOut(RatesOut):
    totalRequests = serializers.IntegerField()
    totalTokens = serializers.IntegerField()
    totalPromptTokens = serializers.IntegerField()
    totalCompletionTokens = serializers.IntegerField()
    totalCost = CostField()


class RequestsAndTokensOut(serializers.Serializer[Any]):
    """Per cent; null where there is nothing to compare with."""

    requests = serializers.FloatField(allow_null=True)
    tokens = serializers.FloatField(allow_null=True)


class DashboardSummaryOut(serializers.Serializer[Any]):
    currentPeriod = PeriodSumsOut()
    previousPeriod = PeriodSumsOut()
    percentChange = RequestsAndTokensOut()
    quotaUtilization = RequestsAndTokensOut()


class TopModelOut(serializers.Serializer[Any]):
    modelId = serializers.CharField()
    modelName = serializers.CharField()
    totalRequests = serializers.IntegerField()
    totalTokens = serializers.IntegerField()


class TopOut(serializers.Serializer[Any]):
    topModels = TopModelOut(many=True)
    recentActivity = serializers.ListField(child=serializers.DictField())


class DashboardOut(serializers.Serializer[Any]):
    summary = DashboardSummaryOut()
    topStats = TopOut()
