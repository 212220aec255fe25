"""Shapes of the ledger's own routes."""

from typing import Any

from rest_framework import serializers

from litemaas.api.fields import Identifier
from usage.models import UsageDifference, UsageTrust


class CleanupIn(serializers.Serializer[Any]):
    retentionDays = serializers.IntegerField(min_value=1, max_value=365, required=False)


class CleanupOut(serializers.Serializer[Any]):
    message = serializers.CharField()
    deletedCount = serializers.IntegerField()


class UsageRefreshOut(serializers.Serializer[Any]):
    message = serializers.CharField()
    refreshedAt = serializers.DateTimeField()
    status = serializers.CharField()


class RebuildIn(serializers.Serializer[Any]):
    startDate = serializers.DateField(required=False, allow_null=True)
    endDate = serializers.DateField(required=False, allow_null=True)


class RebuildOut(serializers.Serializer[Any]):
    message = serializers.CharField()
    rebuiltCount = serializers.IntegerField()
    totalEntries = serializers.IntegerField()
    status = serializers.CharField()
    jobId = serializers.CharField(required=False)


class CacheMetricsOut(serializers.Serializer[Any]):
    cacheHits = serializers.IntegerField()
    cacheMisses = serializers.IntegerField()
    cacheRebuilds = serializers.IntegerField()
    lockAcquisitionSuccesses = serializers.IntegerField()
    lockAcquisitionFailures = serializers.IntegerField()
    gracePeriodApplications = serializers.IntegerField()
    cacheHitRate = serializers.FloatField(allow_null=True)
    lockContentionRate = serializers.FloatField(allow_null=True)


class UnattributedLine(serializers.Serializer[Any]):
    tokenHash = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    requests = serializers.IntegerField()
    cost = serializers.FloatField()
    firstDay = serializers.DateField()
    lastDay = serializers.DateField()


class UnattributedOut(serializers.Serializer[Any]):
    data = UnattributedLine(many=True)  # type: ignore[assignment]  # DRF has a property of this name


class ReattributeIn(serializers.Serializer[Any]):
    tokenHash = serializers.CharField(max_length=128)
    apiKeyId = Identifier()


class ReattributeOut(serializers.Serializer[Any]):
    movedCount = serializers.IntegerField()


class ReplayIn(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False, max_length=5000)
    reason = serializers.CharField(max_length=100, required=False)


class ReplayOut(serializers.Serializer[Any]):
    read = serializers.IntegerField()
    added = serializers.IntegerField()
    stayed = serializers.IntegerField()


class DifferenceOut(serializers.Serializer[Any]):
    """Amounts of the ledger, and of what it was compared with."""

    day = serializers.DateField()
    tokenHash = serializers.CharField()
    against = serializers.ChoiceField(choices=UsageDifference.Against.values)
    kind = serializers.ChoiceField(choices=UsageDifference.Kind.values)
    requests = serializers.IntegerField()
    otherRequests = serializers.IntegerField(allow_null=True)
    tokens = serializers.IntegerField()
    otherTokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField()
    otherCost = serializers.FloatField()
    foundAt = serializers.DateTimeField()
    healedAt = serializers.DateTimeField(allow_null=True)


class TrustOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    trust = serializers.ChoiceField(choices=UsageTrust.State.values)
    checkedAt = serializers.DateTimeField()
    requests = serializers.IntegerField()
    gatewayRequests = serializers.IntegerField()
    cost = serializers.FloatField()
    gatewayCost = serializers.FloatField()


class ReconciliationOut(serializers.Serializer[Any]):
    data = DifferenceOut(many=True)  # type: ignore[assignment]  # DRF has a property of this name
    total = serializers.IntegerField()
    days = TrustOut(many=True)


def difference(row: UsageDifference) -> dict[str, Any]:
    return {
        "day": row.day,
        "tokenHash": row.token_hash,
        "against": row.against,
        "kind": row.kind,
        "requests": row.requests,
        "otherRequests": row.other_requests,
        "tokens": row.tokens,
        "otherTokens": row.other_tokens,
        "cost": row.cost,
        "otherCost": row.other_cost,
        "foundAt": row.found_at,
        "healedAt": row.healed_at,
    }


def trust(row: UsageTrust) -> dict[str, Any]:
    return {
        "day": row.day,
        "trust": row.state,
        "checkedAt": row.checked_at,
        "requests": row.requests,
        "gatewayRequests": row.gateway_requests,
        "cost": row.cost,
        "gatewayCost": row.gateway_cost,
    }
