"""The shapes of integration (contract §10)."""

from typing import Any

from rest_framework import serializers

from catalog.api.schema import AffectedOut
from litemaas.api.fields import Identifier

Shape = serializers.Serializer[Any]


class ConnectionOut(Shape):
    status = serializers.ChoiceField(choices=["healthy", "unhealthy"])
    responseTime = serializers.IntegerField(allow_null=True, help_text="Milliseconds.")
    lastChecked = serializers.DateTimeField()


class SyncStandingOut(Shape):
    lastGlobalSync = serializers.DateTimeField(allow_null=True)
    nextScheduledSync = serializers.DateTimeField(allow_null=True)
    pendingSyncs = serializers.IntegerField()
    failedSyncs = serializers.IntegerField()


class ConsistencyOut(Shape):
    usersInSync = serializers.IntegerField()
    usersOutOfSync = serializers.IntegerField()
    teamsInSync = serializers.IntegerField()
    teamsOutOfSync = serializers.IntegerField()
    keysInSync = serializers.IntegerField()
    keysOutOfSync = serializers.IntegerField()


class IntegrationHealthOut(Shape):
    liteLLMConnection = ConnectionOut()
    syncStatus = SyncStandingOut()
    dataConsistency = ConsistencyOut()


class IntegrationSyncIn(Shape):
    forceSync = serializers.BooleanField(default=False)
    syncUsers = serializers.BooleanField(default=True)
    syncTeams = serializers.BooleanField(default=True)
    syncSubscriptions = serializers.BooleanField(default=True)
    syncApiKeys = serializers.BooleanField(default=True)
    syncModels = serializers.BooleanField(default=True)
    userId = Identifier(required=False, allow_null=True)
    teamId = Identifier(required=False, allow_null=True)


class SyncCountsOut(Shape):
    total = serializers.IntegerField()
    synced = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # the contract names it so


class SyncResultsOut(Shape):
    users = SyncCountsOut()
    teams = SyncCountsOut()
    subscriptions = SyncCountsOut()
    apiKeys = SyncCountsOut()
    models = SyncCountsOut()


class IntegrationSyncOut(Shape):
    syncId = serializers.CharField(allow_null=True)
    startedAt = serializers.DateTimeField()
    completedAt = serializers.DateTimeField(allow_null=True)
    success = serializers.BooleanField(allow_null=True)
    results = SyncResultsOut()
    duration = serializers.IntegerField(allow_null=True, help_text="Milliseconds.")
    dryRun = serializers.BooleanField(required=False)
    affected = AffectedOut(required=False)


class IntegrationSyncAcceptedOut(IntegrationSyncOut):
    jobId = serializers.UUIDField()


class AlertOut(Shape):
    type = serializers.CharField()
    severity = serializers.ChoiceField(choices=["low", "medium", "high"])
    message = serializers.CharField()
    createdAt = serializers.DateTimeField()
    entityId = serializers.CharField(allow_null=True)


class AlertsOut(Shape):
    alerts = serializers.ListField(child=AlertOut())
