"""The shapes of jobs (contract §20)."""

from typing import Any

from rest_framework import serializers

from jobs.models import Job
from litemaas.api.schema import page_schema

Shape = serializers.Serializer[Any]


class JobProgressOut(Shape):
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    message = serializers.CharField(allow_null=True)


class JobOut(Shape):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    progress = JobProgressOut()
    result = serializers.DictField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    fileName = serializers.CharField(allow_null=True, help_text="Read it at /jobs/:id/file.")
    createdBy = serializers.UUIDField(allow_null=True)
    createdAt = serializers.DateTimeField()
    startedAt = serializers.DateTimeField(allow_null=True)
    finishedAt = serializers.DateTimeField(allow_null=True)


JobPageOut = page_schema(JobOut)
