"""API keys (contract §7). A secret is in the answer of its creation, rotation and reveal, and nowhere else."""

import hashlib
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
from apikeys.api.bodies import require_recent_for_grants, values_of
from litemaas import errors
from litemaas.api import idempotency
from litemaas.api.rendering import dumps
from litemaas.api.views import ContractView, body_of, secret
from subscriptions.models import Subscription

_REPLAY_SHOWS_SECRET = timedelta(minutes=10)
_DEPRECATED = {
    "X-API-Deprecation-Warning": "subscriptionId is deprecated. Send modelIds.",
    "X-API-Migration-Guide": "/docs",
    "Deprecation": "true",
    "Sunset": "Fri, 31 Dec 2027 23:59:59 GMT",
}


def shown(request: Request, pk: UUID | str) -> dict[str, Any]:
    """The key as the contract shows it. Raises NotFound."""
    row = queries.one(actor_of(request), pk)
    if row is None:
        raise errors.NotFound("This API key does not exist, or it is not yours.")
    return presenters.api_key(row, timezone.now())


def issued_answer(request: Request, issued: services.IssuedKey, headers: dict[str, str]) -> Response:
    """201 with the secret. A repeated request shows it only for as long as a lost answer would be noticed."""
    is_late = issued.is_replay and timezone.now() - issued.key.created_at > _REPLAY_SHOWS_SECRET
    answer = shown(request, issued.key.pk) | {"key": None if is_late else issued.secret}
    replayed = {"Idempotency-Replayed": "true"} if issued.is_replay else {}
    return secret(answer, status=201, headers=headers | replayed)


def digest_of(request: Request) -> str:
    """Of the whole body: a repeated request must ask for the same."""
    return hashlib.sha256(dumps(request.data)).hexdigest()


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
        require_recent_for_grants(request, body)
        is_legacy = "modelIds" not in body and bool(body.get("subscriptionId"))
        issued = services.issue_api_key(
            actor=actor_of(request),
            model_ids=_model_of(request, body["subscriptionId"]) if is_legacy else body.get("modelIds", []),
            team_id=body.get("teamId"),
            request_token=request_token,
            request_digest=digest_of(request) if request_token else "",
            now=timezone.now(),
            **values_of(body),
        )
        return issued_answer(request, issued, _DEPRECATED if is_legacy else {})


def _model_of(request: Request, subscription_id: UUID) -> list[str]:
    """The model of a subscription of one's own, for clients of the time before keys had several models."""
    own = Subscription.objects.filter(user=actor_of(request))
    return [own.get_or_refuse(subscription_id).model_id]


class ApiKeyView(ContractView):
    permissions_needed = {"GET": "api_keys:read", "PATCH": "api_keys:write", "DELETE": "api_keys:delete"}

    @extend_schema(responses=schema.ApiKeyOut, operation_id="read_api_key")
    def get(self, request: Request, key_id: str) -> Response:
        return Response(shown(request, key_id))

    @extend_schema(request=schema.ChangeKeyIn, responses=schema.ApiKeyOut, operation_id="change_api_key")
    def patch(self, request: Request, key_id: str) -> Response:
        body = body_of(request, schema.ChangeKeyIn)
        require_recent_for_grants(request, body)
        services.change_api_key(
            actor=actor_of(request),
            key_id=key_id,
            model_ids=body.get("modelIds"),
            now=timezone.now(),
            **values_of(body),
        )
        return Response(shown(request, key_id))

    @extend_schema(responses=schema.KeyDeletedOut, operation_id="delete_api_key")
    def delete(self, request: Request, key_id: str) -> Response:
        now = timezone.now()
        services.delete_api_key(actor=actor_of(request), key_id=key_id, now=now)
        return Response({"message": "The API key was deleted.", "deletedAt": now})


class RevokeView(ContractView):
    permissions_needed = {"POST": "api_keys:delete"}

    @extend_schema(request=None, responses=schema.ApiKeyOut, operation_id="revoke_api_key")
    def post(self, request: Request, key_id: str) -> Response:
        services.revoke_api_key(actor=actor_of(request), key_id=key_id, now=timezone.now())
        return Response(shown(request, key_id))


class RotateView(ContractView):
    """The row of the new secret remembers which request made it."""

    permissions_needed = {"POST": "api_keys:write"}
    replays_itself = True

    @extend_schema(
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.RotateIn,
        responses=schema.RotatedOut,
        operation_id="rotate_api_key",
    )
    def post(self, request: Request, key_id: str) -> Response:
        body = body_of(request, schema.RotateIn)
        now = timezone.now()
        rotated = services.rotate_api_key(
            actor=actor_of(request),
            key_id=key_id,
            overlap=timedelta(seconds=body.get("overlapSeconds") or 0),
            reason=body.get("reason") or "",
            request_token=idempotency.key_of(request),
            now=now,
        )
        made_at, former = rotated.current.created_at, rotated.former
        is_late = rotated.is_replay and now - made_at > _REPLAY_SHOWS_SECRET
        answer = {
            "id": rotated.key.pk,
            "key": None if is_late else rotated.secret,
            "keyPrefix": rotated.current.prefix,
            "rotatedAt": made_at,
            "oldPrefix": former.prefix if former else None,
            "oldKeyValidUntil": former.valid_until if former else None,
            "syncStatus": shown(request, key_id)["syncStatus"],
        }
        return secret(answer, headers={"Idempotency-Replayed": "true"} if rotated.is_replay else {})


class RetireView(ContractView):
    permissions_needed = {"POST": "api_keys:write"}

    @extend_schema(request=None, responses=schema.ApiKeyOut, operation_id="retire_former_secret")
    def post(self, request: Request, key_id: str) -> Response:
        key = services.retire_former_secret(actor=actor_of(request), key_id=key_id, now=timezone.now())
        services.bring_to_gateway(key.pk)
        return Response(shown(request, key_id))


class ResetSpendView(ContractView):
    """Who may is a setting, so the use case decides."""

    permissions_needed = {"POST": "api_keys:write"}

    @extend_schema(
        request=schema.KeyReasonIn, responses=schema.KeySpendResetOut, operation_id="reset_api_key_spend"
    )
    def post(self, request: Request, key_id: str) -> Response:
        return Response(reset_spend(request, key_id))


def reset_spend(request: Request, key_id: str, *, owner_id: str | None = None) -> dict[str, Any]:
    reason, now = body_of(request, schema.KeyReasonIn).get("reason") or "", timezone.now()
    key = services.reset_key_spend(
        actor=actor_of(request), key_id=key_id, owner_id=owner_id, reason=reason, now=now
    )
    status = shown(request, key_id)["syncStatus"]
    return {"id": key.pk, "currentSpend": 0, "resetAt": now, "syncStatus": status}


class RevealView(ContractView):
    permissions_needed = {"POST": "api_keys:write"}

    @extend_schema(request=None, responses=schema.RevealedOut, operation_id="reveal_api_key")
    def post(self, request: Request, key_id: str) -> Response:
        now = timezone.now()
        key = services.reveal_api_key(
            actor=actor_of(request), key_id=key_id, signed_in_at=signed_in_at(request), now=now
        )
        return secret({"key": key, "keyType": "litellm", "retrievedAt": now})


class StatsView(ContractView):
    permissions_needed = {"GET": "api_keys:read"}

    @extend_schema(responses=schema.KeyStatsOut, operation_id="count_api_keys")
    def get(self, request: Request) -> Response:
        found = queries.counts(actor_of(request).pk, timezone.now())
        return Response(
            {
                "total": found.total,
                "active": found.active,
                "expired": found.expired,
                "revoked": found.revoked,
                "bySubscription": found.by_subscription,
                "byModel": found.by_model,
            }
        )


class ValidateView(ContractView):
    permissions_needed = {"POST": "admin:api_keys:read"}
    only_asks = True

    @extend_schema(
        request=schema.ValidateKeyIn, responses=schema.ValidatedOut, operation_id="validate_api_key"
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.ValidateKeyIn)
        facts = services.find_key_by_secret(body["key"], now=timezone.now())
        answer = {
            "isValid": not facts.reason,
            "subscriptionId": None,
            "models": facts.models,
            "userId": facts.key.owner_id if facts.key else None,
            "keyId": facts.key.pk if facts.key else None,
            "reason": facts.reason or None,
        }
        return Response(answer, headers={"Cache-Control": "no-store"})
