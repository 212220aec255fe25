"""What operators should look at: rows that could not be counted, and calls that share another one's id."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas.api import params
from litemaas.api.pagination import page_of
from litemaas.api.schema import page_parameters, page_schema
from litemaas.api.views import ContractView
from usage.api.serializers import CostField
from usage.models import UsageLog, UsageReject


class RejectOut(serializers.Serializer[Any]):
    """`row` holds the facts that say which call it was, never prompts or answers."""

    id = serializers.IntegerField()
    reason = serializers.CharField()
    requestId = serializers.CharField()
    row = serializers.DictField()
    rejectedAt = serializers.DateTimeField()


class SharedIdOut(serializers.Serializer[Any]):
    """A call that was counted although another one has its id and start, with other figures."""

    requestId = serializers.CharField()
    startedAt = serializers.DateTimeField()
    modelId = serializers.CharField()
    userId = serializers.UUIDField(allow_null=True)
    apiKeyId = serializers.UUIDField(allow_null=True)
    promptTokens = serializers.IntegerField(allow_null=True)
    completionTokens = serializers.IntegerField(allow_null=True)
    cost = CostField(allow_null=True)


class RejectsView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(
        parameters=[
            *page_parameters(),
            OpenApiParameter("reason", description="Only those with this reason."),
        ],
        responses=page_schema(RejectOut),
    )
    def get(self, request: Request) -> Response:
        """Rows of the gateway that were set aside with the reason, newest first. They can be replayed by their id."""
        rows = UsageReject.objects.order_by("-rejected_at", "-id")
        if reason := params.text(request, "reason"):
            rows = rows.filter(reason=reason)
        return Response(page_of(request, rows, _reject))


class SharedIdsView(ContractView):
    permissions_needed = {"GET": "admin:usage"}

    @extend_schema(parameters=page_parameters(), responses=page_schema(SharedIdOut))
    def get(self, request: Request) -> Response:
        """Calls that the gateway told under the id of another one: counted apart, and worth a look. Newest first."""
        rows = UsageLog.objects.filter(same_id_as__isnull=False).order_by("-started_at", "identity")
        return Response(page_of(request, rows, _shared_id))


def _reject(reject: UsageReject) -> dict[str, Any]:
    return {
        "id": reject.pk,
        "reason": reject.reason,
        "requestId": reject.request_id,
        "row": reject.row,
        "rejectedAt": reject.rejected_at,
    }


def _shared_id(call: UsageLog) -> dict[str, Any]:
    return {
        "requestId": call.request_id,
        "startedAt": call.started_at,
        "modelId": call.model,
        "userId": call.user_id,
        "apiKeyId": call.api_key_id,
        "promptTokens": call.prompt_tokens,
        "completionTokens": call.completion_tokens,
        "cost": call.cost,
    }
