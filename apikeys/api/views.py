"""API keys (contract §7). A secret is in the answer of its creation and of a reveal, and nowhere else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of, signed_in_at
from apikeys import services
from apikeys.api import presenters, queries, schema
from apikeys.services import Limits
from litemaas import errors
from litemaas.api import idempotency
from litemaas.api.views import ContractView, body_of, secret
from subscriptions.models import Subscription

_REPLAY_SHOWS_SECRET = timedelta(minutes=10)
_DEPRECATED = {
    "X-API-Deprecation-Warning": "subscriptionId is deprecated. Send modelIds.",
    "X-API-Migration-Guide": "/docs",
    "Deprecation": "true",
    "Sunset": "Fri, 31 Dec 2027 23:59:59 GMT",
}


def _shown(request: Request, pk: UUID | str) -> dict[str, Any]:
    row = queries.one(actor_of(request), pk)
    if row is None:
        raise errors.NotFound("This API key does not exist, or it is not yours.")
    return presenters.api_key(row, timezone.now())


class ApiKeysView(ContractView):
    permissions_needed = {"GET": "api_keys:read", "POST": "api_keys:write"}
    # The key itself remembers which request made it, so the same request finds it even after a crash.
    replays_itself = True

    @extend_schema(
        parameters=schema.LIST_PARAMETERS, responses=schema.ApiKeyPageOut, operation_id="list_api_keys"
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        page = queries.page(request, lambda rows: [presenters.api_key(row, now) for row in rows], now)
        return Response(page)

    @extend_schema(
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.IssueIn,
        responses={201: schema.IssuedKeyOut},
        operation_id="issue_api_key",
    )
    def post(self, request: Request) -> Response:
        request_token = idempotency.key_of(request)
        body = body_of(request, schema.IssueIn)
        is_legacy = "modelIds" not in body and bool(body.get("subscriptionId"))
        now = timezone.now()
        issued = services.issue_api_key(
            actor=actor_of(request),
            model_ids=_model_of(request, body["subscriptionId"]) if is_legacy else body.get("modelIds", []),
            name=body.get("name", "API key"),
            description=(body.get("metadata") or {}).get("description") or "",
            limits=_limits(body),
            expires_at=body.get("expiresAt"),
            request_token=request_token,
            now=now,
        )
        # A repeated request hands out the secret only for as long as a lost answer would be noticed.
        is_late = issued.is_replay and now - issued.key.created_at > _REPLAY_SHOWS_SECRET
        answer = _shown(request, issued.key.pk) | {"key": None if is_late else issued.secret}
        headers = _DEPRECATED if is_legacy else {}
        replayed = {"Idempotency-Replayed": "true"} if issued.is_replay else {}
        return secret(answer, status=201, headers=headers | replayed)


def _model_of(request: Request, subscription_id: UUID) -> list[str]:
    """The model of a subscription of one's own, for clients of the time before keys had several models."""
    own = Subscription.objects.filter(user=actor_of(request))
    return [own.get_or_refuse(subscription_id).model_id]


def _limits(body: dict[str, Any]) -> Limits:
    return Limits(
        max_budget=body.get("maxBudget"),
        budget_window=body.get("budgetDuration") or "",
        tpm_limit=body.get("tpmLimit"),
        rpm_limit=body.get("rpmLimit"),
        max_parallel_requests=body.get("maxParallelRequests"),
    )


class ApiKeyView(ContractView):
    permissions_needed = {"GET": "api_keys:read", "DELETE": "api_keys:delete"}

    @extend_schema(responses=schema.ApiKeyOut, operation_id="read_api_key")
    def get(self, request: Request, key_id: str) -> Response:
        return Response(_shown(request, key_id))

    @extend_schema(responses=schema.DeletedOut, operation_id="delete_api_key")
    def delete(self, request: Request, key_id: str) -> Response:
        now = timezone.now()
        services.delete_api_key(actor=actor_of(request), key_id=key_id, now=now)
        return Response({"message": "The API key was deleted.", "deletedAt": now})


class RevokeView(ContractView):
    permissions_needed = {"POST": "api_keys:delete"}

    @extend_schema(request=None, responses=schema.ApiKeyOut, operation_id="revoke_api_key")
    def post(self, request: Request, key_id: str) -> Response:
        services.revoke_api_key(actor=actor_of(request), key_id=key_id, now=timezone.now())
        return Response(_shown(request, key_id))


class RevealView(ContractView):
    permissions_needed = {"POST": "api_keys:write"}

    @extend_schema(request=None, responses=schema.RevealedOut, operation_id="reveal_api_key")
    def post(self, request: Request, key_id: str) -> Response:
        now = timezone.now()
        key = services.reveal_api_key(
            actor=actor_of(request), key_id=key_id, signed_in_at=signed_in_at(request), now=now
        )
        return secret({"key": key, "keyType": "litellm", "retrievedAt": now})
