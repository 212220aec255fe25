"""Everybody's subscriptions, for those who decide (contract §6.2, §11, §13)."""

from typing import Any, Literal
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.views import ContractView, body_of, created
from subscriptions import quota_rules, services
from subscriptions.api import presenters, queries, schema
from subscriptions.counts import request_stats


def _view(request: Request) -> presenters.Viewpoint:
    return presenters.viewpoint(actor_of(request), timezone.now())


class RequestsView(ContractView):
    permissions_needed = {"GET": "admin:subscriptions:read"}

    @extend_schema(
        parameters=schema.ADMIN_PARAMETERS,
        responses=schema.RequestPageOut,
        operation_id="list_subscription_requests",
    )
    def get(self, request: Request) -> Response:
        view = _view(request)
        return Response(
            queries.requests(request, lambda rows: [presenters.request_row(row, view) for row in rows])
        )


class AllView(ContractView):
    permissions_needed = {"GET": "admin:subscriptions:read"}

    @extend_schema(
        parameters=schema.ALL_PARAMETERS,
        responses=schema.OwnedPageOut,
        operation_id="list_all_subscriptions",
    )
    def get(self, request: Request) -> Response:
        view = _view(request)
        return Response(
            queries.everybodys(request, lambda rows: [presenters.with_owner(row, view) for row in rows])
        )


class RequestStatsView(ContractView):
    permissions_needed = {"GET": "admin:subscriptions:read"}

    @extend_schema(responses=schema.RequestStatsOut, operation_id="subscription_request_stats")
    def get(self, request: Request) -> Response:
        return Response(request_stats(quota_rules.day_start(timezone.now())))


class ApproveView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.DecisionIn,
        responses=schema.DecisionOut,
        operation_id="approve_subscriptions",
    )
    def post(self, request: Request) -> Response:
        return _decided(request, "approve")


class DenyView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.DecisionIn,
        responses=schema.DecisionOut,
        operation_id="deny_subscriptions",
    )
    def post(self, request: Request) -> Response:
        return _decided(request, "deny")


def _decided(request: Request, verdict: Literal["approve", "deny"]) -> Response:
    body = body_of(request, schema.DecisionIn)
    result = services.decide_many(
        verdict,
        actor=actor_of(request),
        subscription_ids=body["subscriptionIds"],
        reason=body.get("reason") or "",
        now=timezone.now(),
    )
    refused = [{"subscription": pk, "error": error} for pk, error in result.refused.items()]
    return Response({"successful": len(result.done), "failed": len(refused), "errors": refused})


class RevertView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}

    @extend_schema(request=schema.RevertIn, responses=schema.RequestOut, operation_id="revert_subscription")
    def post(self, request: Request, subscription_id: UUID) -> Response:
        body = body_of(request, schema.RevertIn)
        row = services.revert_subscription(
            actor=actor_of(request),
            subscription_id=subscription_id,
            new_status=body["newStatus"],
            reason=body.get("reason") or "",
            now=timezone.now(),
        )
        shown = presenters.request_row(queries.request_of(row.pk), _view(request))
        steps = [presenters.status_change(step) for step in queries.history([row.pk])]
        return Response(shown | {"history": steps})


class RequestView(ContractView):
    permissions_needed = {"DELETE": "admin:subscriptions:delete"}
    rehearses = frozenset({"DELETE"})

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.ReasonIn,
        responses=schema.DeletedOut,
        operation_id="delete_subscription",
    )
    def delete(self, request: Request, subscription_id: UUID) -> Response:
        reason = body_of(request, schema.ReasonIn).get("reason") or ""
        services.delete_subscription(
            actor=actor_of(request), subscription_id=subscription_id, reason=reason, now=timezone.now()
        )
        return Response({"success": True})


class ResetQuotasView(ContractView):
    permissions_needed = {"POST": "admin:subscriptions:write"}
    rehearses = frozenset({"POST"})

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.ResetIn,
        responses=schema.ResetOut,
        operation_id="reset_quotas",
    )
    def post(self, request: Request) -> Response:
        body, now = body_of(request, schema.ResetIn), timezone.now()
        count = services.reset_quotas(
            actor=actor_of(request),
            user_id=body.get("userId"),
            everybody=body.get("all", False),
            window_start=quota_rules.window_start(now),
            now=now,
        )
        return Response({"message": f"The quotas of {count} subscriptions count anew.", "resetCount": count})


class UserSubscriptionsView(ContractView):
    permissions_needed = {"GET": "admin:subscriptions:read", "POST": "admin:subscriptions:write"}

    @extend_schema(
        parameters=schema.OF_USER_PARAMETERS,
        responses=schema.UserSubscriptionPageOut,
        operation_id="list_subscriptions_of_user",
    )
    def get(self, request: Request, user_id: UUID) -> Response:
        return Response(queries.of_user(request, user_id))

    @extend_schema(
        request=schema.GrantIn, responses={201: schema.GrantOut}, operation_id="grant_subscriptions"
    )
    def post(self, request: Request, user_id: UUID) -> Response:
        body = body_of(request, schema.GrantIn)
        granted = services.grant_subscriptions(
            actor=actor_of(request),
            user_id=user_id,
            model_ids=body["modelIds"],
            reason=body.get("reason") or "",
            now=timezone.now(),
        )
        return created(_granted(granted))


def _granted(granted: services.Granted) -> dict[str, Any]:
    return {
        "created": [{"modelId": row.model_id, "subscriptionId": row.pk} for row in granted.created],
        "activated": [
            {"modelId": row.model_id, "subscriptionId": row.pk, "previousStatus": old}
            for row, old in granted.activated
        ],
        "alreadyActive": granted.already_active,
    }
