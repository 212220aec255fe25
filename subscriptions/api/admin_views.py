"""Requests for restricted models, for those who decide (contract §13)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.pagination import page_of
from litemaas.api.views import ContractView, body_of
from litemaas.errors import DomainError, InvalidInput
from subscriptions import services
from subscriptions.api import presenters, queries, schema


class RequestsView(ContractView):
    permissions_needed = {"GET": "admin:subscriptions:read"}

    @extend_schema(
        parameters=schema.ADMIN_PARAMETERS,
        responses=schema.RequestPageOut,
        operation_id="list_subscription_requests",
    )
    def get(self, request: Request) -> Response:
        rows, actor = queries.requests(request), actor_of(request)
        return Response(page_of(request, rows, lambda row: presenters.request_row(row, actor)))


class ApproveView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(
        request=schema.DecisionIn, responses=schema.DecisionOut, operation_id="approve_subscriptions"
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.DecisionIn)
        reason, now = body.get("reason") or "", timezone.now()

        def approve(pk: UUID) -> Any:
            return services.approve_subscription(
                actor=actor_of(request), subscription_id=pk, reason=reason, now=now
            )

        return Response(_decide(body["subscriptionIds"], approve))


class DenyView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(request=schema.DecisionIn, responses=schema.DecisionOut, operation_id="deny_subscriptions")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.DecisionIn)
        reason, now = body.get("reason") or "", timezone.now()
        if not reason:
            raise InvalidInput(fields={"reason": "A reason is required, the user will see it."})

        def deny(pk: UUID) -> Any:
            return services.deny_subscription(
                actor=actor_of(request), subscription_id=pk, reason=reason, now=now
            )

        return Response(_decide(body["subscriptionIds"], deny))


def _decide(ids: list[UUID], decide: Callable[[UUID], Any]) -> dict[str, Any]:
    """Each in a transaction of its own, so one that is refused stops no other."""
    refused = []
    for pk in dict.fromkeys(ids):
        try:
            decide(pk)
        except DomainError as error:
            refused.append({"subscription": pk, "error": error.message})
    done = len(dict.fromkeys(ids)) - len(refused)
    return {"successful": done, "failed": len(refused), "errors": refused}
