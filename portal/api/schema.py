"""The shapes of configuration and health (contract §3)."""

from typing import Any

from rest_framework import serializers

from accounts.options import CURRENCIES, LARGEST_BUDGET, LARGEST_RATE
from litemaas.api.fields import Amount, Flag, Text, Whole

Shape = serializers.Serializer[Any]


class CurrencyOut(Shape):
    code = serializers.CharField()
    symbol = serializers.CharField()
    name = serializers.CharField()


class PortalFeaturesOut(Shape):
    teams = serializers.BooleanField()
    playground = serializers.BooleanField()
    publicCatalogue = serializers.BooleanField()
    keyReveal = serializers.BooleanField()


class ConfigOut(Shape):
    version = serializers.CharField()
    usageCacheTtlMinutes = serializers.IntegerField()
    environment = serializers.ChoiceField(choices=["development", "production"])
    currency = CurrencyOut()
    authProvider = serializers.CharField()
    litellmApiUrl = serializers.CharField()
    authMode = serializers.ChoiceField(choices=["oauth", "mock"])
    features = PortalFeaturesOut()
    locales = serializers.ListField(child=serializers.CharField())
    reportingTimeZone = serializers.CharField()


class PageSizesOut(Shape):
    defaultPageSize = serializers.IntegerField()
    maxPageSize = serializers.IntegerField()
    minPageSize = serializers.IntegerField()


class TopLimitsOut(Shape):
    users = serializers.IntegerField()
    models = serializers.IntegerField()
    providers = serializers.IntegerField()


class DateRangeLimitsOut(Shape):
    maxAnalyticsDays = serializers.IntegerField()
    maxExportDays = serializers.IntegerField()


class WarningsOut(Shape):
    largeDateRangeDays = serializers.IntegerField()


class TrendSettingsOut(Shape):
    calculationPrecision = serializers.IntegerField()


class ExportLimitsOut(Shape):
    maxRows = serializers.IntegerField()


class AdminAnalyticsOut(Shape):
    pagination = PageSizesOut()
    topLimits = TopLimitsOut()
    dateRangeLimits = DateRangeLimitsOut()
    warnings = WarningsOut()
    trends = TrendSettingsOut()
    export = ExportLimitsOut()


class RootOut(Shape):
    name = serializers.CharField()
    version = serializers.CharField()
    description = serializers.CharField()
    docs = serializers.CharField()


class LiveOut(Shape):
    alive = serializers.BooleanField()


class ReadyOut(Shape):
    ready = serializers.BooleanField()


_STATE = ["healthy", "unhealthy"]


class ChecksOut(Shape):
    database = serializers.ChoiceField(choices=_STATE)
    litellm = serializers.ChoiceField(choices=_STATE)
    auth = serializers.ChoiceField(choices=_STATE)
    redis = serializers.ChoiceField(choices=_STATE)


class HealthDetailsOut(Shape):
    litellmApiUrl = serializers.CharField()
    circuitBreakerOpen = serializers.BooleanField(allow_null=True)
    pendingGatewayObjects = serializers.IntegerField(allow_null=True)


class HealthOut(Shape):
    status = serializers.ChoiceField(choices=_STATE)
    timestamp = serializers.DateTimeField()
    version = serializers.CharField()
    checks = ChecksOut()
    details = HealthDetailsOut(required=False, help_text="Operators only.")


class ServiceOut(Shape):
    status = serializers.ChoiceField(choices=_STATE)
    lastCheck = serializers.DateTimeField()


class DatabaseServiceOut(ServiceOut):
    migrated = serializers.BooleanField()


class GatewayServiceOut(ServiceOut):
    responseTime = serializers.IntegerField(allow_null=True, help_text="Milliseconds.")
    circuitBreakerOpen = serializers.BooleanField()


class AuthServiceOut(ServiceOut):
    providers = serializers.ListField(child=serializers.CharField())


class ServicesOut(Shape):
    database = DatabaseServiceOut()
    litellm = GatewayServiceOut()
    auth = AuthServiceOut()
    redis = ServiceOut()


class StatusMetricsOut(Shape):
    totalUsers = serializers.IntegerField()
    activeUsers = serializers.IntegerField()
    totalApiKeys = serializers.IntegerField()
    activeApiKeys = serializers.IntegerField()
    totalModels = serializers.IntegerField()
    availableModels = serializers.IntegerField()
    pendingGatewayObjects = serializers.IntegerField()
    refusedGatewayObjects = serializers.IntegerField()


class StatusConfigurationOut(Shape):
    version = serializers.CharField()
    environment = serializers.ChoiceField(choices=["development", "production"])
    reportingTimeZone = serializers.CharField()
    localAccounts = serializers.BooleanField()
    adminsNeedMfa = serializers.BooleanField()
    usagePush = serializers.BooleanField()
    backups = serializers.BooleanField()
    gatewayBackups = serializers.BooleanField()
    requestMetrics = serializers.BooleanField()


class StatusOut(Shape):
    services = ServicesOut()
    metrics = StatusMetricsOut()
    configuration = StatusConfigurationOut()


class PortalSettings(Shape):
    publicCatalogue = Flag()
    ownerSpendReset = Flag()
    keyRevealMode = serializers.ChoiceField(choices=["encrypted", "once"])
    revealMaxAgeSeconds = Whole(min_value=60, max_value=31_536_000)
    maxActiveKeysPerUser = Whole(min_value=1, max_value=1000)
    usersMayCreateTeams = Flag()
    syncSafetyPercent = Whole(max_value=100)
    reportingTimeZone = Text(max_length=60)
    auditRetentionDays = Whole(min_value=30, max_value=3650)


class UserLimits(Shape):
    maxBudget = Amount(max_value=LARGEST_BUDGET, allow_null=True, required=False, coerce_to_string=False)
    tpmLimit = Whole(max_value=LARGEST_RATE, allow_null=True, required=False)
    rpmLimit = Whole(max_value=LARGEST_RATE, allow_null=True, required=False)


class UserDefaultsIn(UserLimits):
    """null = what the deployment says."""


class UserDefaultsOut(UserLimits):
    envDefaults = UserLimits(help_text="What the deployment says.")


class CurrencyIn(Shape):
    code = serializers.ChoiceField(
        choices=list(CURRENCIES), help_text="Symbol and name are taken from the list."
    )
