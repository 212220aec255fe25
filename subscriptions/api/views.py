"""One's own subscriptions (contract §6). Every answer with a subscription has its full shape."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas import errors
from litemaas.api.views import ContractView, body_of, created
from subscriptions import services
from subscriptions.api import presenters, queries, schema
from subscriptions.models import StatusChange, Subscription


def _shown(request: Request, pk: UUID | str) -> dict[str, Any]:
    row = queries.one(actor_of(request), pk)
    if row is None:
        raise errors.NotFound("This subscription does not exist, or it is not yours.")
    return presenters.subscription(row, actor_of(request))


class SubscriptionsView(ContractView):
    permissions_needed = {"GET": "subscriptions:read", "POST": "subscriptions:write"}

    @extend_schema(
        parameters=schema.LIST_PARAMETERS,
        responses=schema.SubscriptionPageOut,
        operation_id="list_subscriptions",
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        page = queries.page(request, lambda rows: [presenters.subscription(row, actor) for row in rows])
        return Response(page)

    @extend_schema(
        request=schema.SubscribeIn, responses={201: schema.SubscriptionOut}, operation_id="subscribe"
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.SubscribeIn)
        row = services.subscribe(
            actor=actor_of(request),
            model_id=body["modelId"],
            quota_requests=body.get("quotaRequests"),
            quota_tokens=body.get("quotaTokens"),
            expires_at=body.get("expiresAt"),
            now=timezone.now(),
        )
        return created(_shown(request, row.pk))


class SubscriptionView(ContractView):
    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.SubscriptionOut, operation_id="read_subscription")
    def get(self, request: Request, subscription_id: str) -> Response:
        return Response(_shown(request, subscription_id))


class CancelView(ContractView):
    permissions_needed = {"POST": "subscriptions:delete"}

    @extend_schema(request=None, responses=schema.SubscriptionOut, operation_id="cancel_subscription")
    def post(self, request: Request, subscription_id: str) -> Response:
        services.cancel_subscription(
            actor=actor_of(request), subscription_id=subscription_id, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class ReviewView(ContractView):
    permissions_needed = {"POST": "subscriptions:write"}

    @extend_schema(request=schema.ReviewIn, responses=schema.SubscriptionOut, operation_id="request_review")
    def post(self, request: Request, subscription_id: str) -> Response:
        comment = body_of(request, schema.ReviewIn).get("comment") or ""
        services.request_review(
            actor=actor_of(request), subscription_id=subscription_id, comment=comment, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class HistoryView(ContractView):
    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.HistoryOut, operation_id="subscription_history")
    def get(self, request: Request, subscription_id: str) -> Response:
        row = Subscription.objects.visible_to(actor_of(request)).get_or_refuse(subscription_id)
        columns = (
            "id",
            "old_status",
            "new_status",
            "reason",
            "changed_by_id",
            "changed_by__username",
            "changed_at",
        )
        steps = StatusChange.objects.filter(subscription=row).order_by("changed_at", "id").values(*columns)
        return Response({"data": [presenters.status_change(step) for step in steps]})
