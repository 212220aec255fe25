"""The answer of `GET /usage/query`."""

from typing import Any

from rest_framework import serializers

from usage.api.serializers import DataQualityOut, PeriodOut


class QueryPeriodOut(PeriodOut):
    timeZone = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class QueryOut(serializers.Serializer[Any]):
    """Rows hold the labels asked for (`userId` and `username` for user, and so on) and the measures."""

    period = QueryPeriodOut()
    measures = serializers.ListField(child=serializers.CharField())
    by = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())
    totalRows = serializers.IntegerField()
    totals = serializers.DictField()
    previous = serializers.DictField(allow_null=True)
    dataQuality = DataQualityOut()


class QueryJobOut(QueryOut):
    """What is known so far: no rows yet, `totalRows` 0, and the totals."""

    jobId = serializers.UUIDField()
