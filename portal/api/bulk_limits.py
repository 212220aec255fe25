"""One change of limits for many people (contract §11)."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from accounts.api.queries import role_of
from jobs import services as jobs
from jobs.api.presenters import accepted
from jobs.models import Job
from litemaas.api.fields import Amount, Identifier, Text, Whole
from litemaas.api.views import ContractView, affected, body_of, is_dry
from portal import bulk_limits

# How long a request waits for the job before it answers with it: clients give up after 30 seconds.
PATIENCE = 20.0
Shape = serializers.Serializer[Any]


class BulkLimitsIn(Shape):
    maxBudget = Amount(required=False, allow_null=True)
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    userIds = serializers.ListField(child=Identifier(), max_length=10_000, required=False)
    role = Text(max_length=40, required=False)


class BulkErrorOut(Shape):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    error = serializers.CharField()


class BulkLimitsOut(Shape):
    totalUsers = serializers.IntegerField()
    successCount = serializers.IntegerField()
    failedCount = serializers.IntegerField()
    errors = BulkErrorOut(many=True)  # type: ignore[assignment]
    processedAt = serializers.DateTimeField()
    jobId = serializers.UUIDField(allow_null=True)


class BulkLimitsView(ContractView):
    permissions_needed: ClassVar = {"POST": "users:write"}
    rehearses_itself: ClassVar = frozenset({"POST"})

    @extend_schema(
        parameters=[OpenApiParameter("dryRun", bool)],
        request=BulkLimitsIn,
        responses={200: BulkLimitsOut, 202: BulkLimitsOut},
        operation_id="change_limits_of_many",
    )
    def post(self, request: Request) -> Response:
        """Each person is a transaction of its own. Many people are done by a job, which is answered if it takes long."""
        body, now, actor = body_of(request, BulkLimitsIn), timezone.now(), actor_of(request)
        asked = bulk_limits.Asked(
            limits={name: body[name] for name in ("maxBudget", "tpmLimit", "rpmLimit") if name in body},
            user_ids=body.get("userIds"),
            role=role_of(body["role"]) if body.get("role") else None,
        )
        if is_dry(request):
            return Response(_rehearsed(bulk_limits.whom(actor=actor, asked=asked), now))
        job = bulk_limits.start(actor=actor, asked=asked, now=now)
        if isinstance(job, Job):
            job = jobs.wait_for(job, seconds=PATIENCE)
            answer = {
                **_answer(job.result or {}, job.created_at),
                "totalUsers": job.total or 0,
                "jobId": job.pk,
            }
            return Response(answer) if job.is_finished else accepted(job, answer)
        return Response(_answer(job, now))


def _answer(facts: dict[str, Any], now: Any) -> dict[str, Any]:
    return {
        "totalUsers": facts.get("totalUsers", 0),
        "successCount": facts.get("successCount", 0),
        "failedCount": facts.get("failedCount", 0),
        "errors": facts.get("errors", []),
        "processedAt": now,
        "jobId": None,
    }


def _rehearsed(found: bulk_limits.Found, now: Any) -> dict[str, Any]:
    told = affected({"USER": found.samples})
    told["users"] = found.count
    return {
        **_answer({"totalUsers": found.count, "successCount": found.count}, now),
        "dryRun": True,
        "affected": told,
    }
