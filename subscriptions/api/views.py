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
from subscriptions import recorded, services
from subscriptions.api import presenters, queries, schema
from subscriptions.models import Subscription


def _row(request: Request, pk: UUID | str) -> dict[str, Any]:
    row = queries.one(actor_of(request), pk)
    if row is None:
        raise errors.NotFound("This subscription does not exist, or it is not yours.")
    return row


def _shown(request: Request, pk: UUID | str) -> dict[str, Any]:
    return presenters.subscription(_row(request, pk), _view(request))


def _view(request: Request) -> presenters.Viewpoint:
    return presenters.viewpoint(actor_of(request), timezone.now())


class SubscriptionsView(ContractView):
    permissions_needed = {"GET": "subscriptions:read", "POST": "subscriptions:write"}

    @extend_schema(
        parameters=schema.LIST_PARAMETERS,
        responses=schema.SubscriptionPageOut,
        operation_id="list_subscriptions",
    )
    def get(self, request: Request) -> Response:
        view = _view(request)
        return Response(queries.page(request, lambda rows: presenters.subscriptions(rows, view)))

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
            metadata=body.get("metadata"),
            user_id=body.get("userId"),
            reason=body.get("reason") or "",
            now=timezone.now(),
        )
        return created(_shown(request, row.pk))


class SubscriptionView(ContractView):
    permissions_needed = {"GET": "subscriptions:read", "PATCH": "subscriptions:write"}

    @extend_schema(responses=schema.SubscriptionOut, operation_id="read_subscription")
    def get(self, request: Request, subscription_id: UUID) -> Response:
        return Response(_shown(request, subscription_id))

    @extend_schema(
        request=schema.ChangeIn, responses=schema.SubscriptionOut, operation_id="change_subscription"
    )
    def patch(self, request: Request, subscription_id: UUID) -> Response:
        Subscription.objects.visible_to(actor_of(request)).get_or_refuse(subscription_id)
        if "status" in request.data:
            raise errors.Forbidden("A status is changed by the routes of its acts, not here.")
        body = body_of(request, schema.ChangeIn)
        return _changed(request, subscription_id, body)


def _changed(request: Request, pk: UUID, body: dict[str, Any]) -> Response:
    end = {"expires_at": body["expiresAt"]} if "expiresAt" in body else {}
    services.change_subscription(
        actor=actor_of(request),
        subscription_id=pk,
        quota_requests=body.get("quotaRequests"),
        quota_tokens=body.get("quotaTokens"),
        metadata=body.get("metadata"),
        now=timezone.now(),
        **end,
    )
    return Response(_shown(request, pk))


class QuotasView(ContractView):
    permissions_needed = {"PUT": "subscriptions:write"}

    @extend_schema(request=schema.QuotasIn, responses=schema.SubscriptionOut, operation_id="change_quotas")
    def put(self, request: Request, subscription_id: UUID) -> Response:
        return _changed(request, subscription_id, body_of(request, schema.QuotasIn))


class CancelView(ContractView):
    permissions_needed = {"POST": "subscriptions:delete"}

    @extend_schema(request=None, responses=schema.SubscriptionOut, operation_id="cancel_subscription")
    def post(self, request: Request, subscription_id: UUID) -> Response:
        services.cancel_subscription(
            actor=actor_of(request), subscription_id=subscription_id, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class SuspendView(ContractView):
    permissions_needed = {"POST": "subscriptions:write"}

    @extend_schema(
        request=schema.ReasonIn, responses=schema.SubscriptionOut, operation_id="suspend_subscription"
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        reason = body_of(request, schema.ReasonIn).get("reason") or ""
        services.suspend_subscription(
            actor=actor_of(request), subscription_id=subscription_id, reason=reason, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class ResumeView(ContractView):
    permissions_needed = {"POST": "subscriptions:write"}

    @extend_schema(
        request=schema.ReasonIn, responses=schema.SubscriptionOut, operation_id="resume_subscription"
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        reason = body_of(request, schema.ReasonIn).get("reason") or ""
        services.resume_subscription(
            actor=actor_of(request), subscription_id=subscription_id, reason=reason, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class ReviewView(ContractView):
    permissions_needed = {"POST": "subscriptions:write"}

    @extend_schema(request=schema.ReviewIn, responses=schema.SubscriptionOut, operation_id="request_review")
    def post(self, request: Request, subscription_id: UUID) -> Response:
        comment = body_of(request, schema.ReviewIn).get("comment") or ""
        services.request_review(
            actor=actor_of(request), subscription_id=subscription_id, comment=comment, now=timezone.now()
        )
        return Response(_shown(request, subscription_id))


class HistoryView(ContractView):
    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.HistoryOut, operation_id="subscription_history")
    def get(self, request: Request, subscription_id: UUID) -> Response:
        row = Subscription.objects.visible_to(actor_of(request)).get_or_refuse(subscription_id)
        return Response({"data": [presenters.status_change(step) for step in queries.history([row.pk])]})


class QuotaView(ContractView):
    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.QuotaOut, operation_id="subscription_quota")
    def get(self, request: Request, subscription_id: UUID) -> Response:
        return Response(presenters.quota(_row(request, subscription_id), _view(request)))


class UsageView(ContractView):
    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.SubscriptionUseOut, operation_id="subscription_usage")
    def get(self, request: Request, subscription_id: UUID) -> Response:
        return Response(presenters.usage(_row(request, subscription_id), _view(request)))


class PricingView(ContractView):
    """What the present month cost so far."""

    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.SubscriptionPriceOut, operation_id="subscription_pricing")
    def get(self, request: Request, subscription_id: UUID) -> Response:
        row, view, now = _row(request, subscription_id), _view(request), timezone.now()
        found = recorded.of(row["user_id"], row["model_id"], view.window_start, now)
        return Response(presenters.pricing(row, view, found, now))


class StatsView(ContractView):
    """One's own subscriptions in numbers."""

    permissions_needed = {"GET": "subscriptions:read"}

    @extend_schema(responses=schema.SubscriptionStatsOut, operation_id="subscription_stats")
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        rows = queries.columns(Subscription.objects.kept().filter(user=actor))
        return Response(presenters.stats(list(rows), _view(request)))
