"""Administrators' routes of API keys (contract §7, §11)."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter as Param
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from accounts.models import User
from apikeys import services
from apikeys.api import presenters, queries, schema
from apikeys.api.bodies import require_recent_for_grants, values_of
from apikeys.api.views import reset_spend, shown
from apikeys.models import ApiKey
from litemaas import errors
from litemaas.api import params
from litemaas.api.views import ContractView, body_of, secret
from litemaas.ids import uuids_of
from subscriptions.services import grant_models

_READ, _WRITE = "admin:api_keys:read", "admin:api_keys"


class AllKeysView(ContractView):
    permissions_needed = {"GET": _READ}

    @extend_schema(
        parameters=[*schema.LIST_PARAMETERS, Param("search", str, description="name, user name, e-mail")],
        responses=schema.OwnedKeyPageOut,
        operation_id="list_all_api_keys",
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        scope = queries.Scope(owner=params.uuid_or_none(request, "userId"))
        page = queries.page(
            request,
            lambda rows: [presenters.api_key_with_owner(row, now) for row in rows],
            now,
            scope=scope,
            with_search=True,
        )
        return Response(page)


class CleanUpView(ContractView):
    permissions_needed = {"POST": _WRITE}
    rehearses = frozenset({"POST"})

    @extend_schema(request=None, responses=schema.KeysCleanedOut, operation_id="clean_up_expired_api_keys")
    def post(self, request: Request) -> Response:
        count = services.clean_up_expired_keys(actor=actor_of(request), now=timezone.now())
        return Response({"message": f"{count} expired keys were removed.", "cleanedCount": count})


class UserKeysView(ContractView):
    permissions_needed = {"GET": _READ, "POST": _WRITE}

    @extend_schema(
        parameters=schema.LIST_PARAMETERS,
        responses=schema.ApiKeyPageOut,
        operation_id="list_api_keys_of_user",
    )
    def get(self, request: Request, user_id: str) -> Response:
        now, user = timezone.now(), _user(user_id)
        page = queries.page(
            request,
            lambda rows: [presenters.api_key(row, now) for row in rows],
            now,
            scope=queries.Scope(owner=user.pk),
        )
        return Response(page)

    @extend_schema(
        request=schema.AdminIssueIn,
        responses={201: schema.AdminIssuedOut},
        operation_id="issue_api_key_for_user",
    )
    def post(self, request: Request, user_id: str) -> Response:
        body, now, actor = body_of(request, schema.AdminIssueIn), timezone.now(), actor_of(request)
        require_recent_for_grants(request, body)
        reason = f"For the API key “{body['name']}”."

        def subscribe(user: User, model_ids: list[str]) -> None:
            grant_models(actor=actor, owner=user, model_ids=model_ids, reason=reason, now=now)

        issued = services.issue_api_key(
            actor=actor,
            owner=_user(user_id),
            model_ids=body.get("modelIds", []),
            subscribe=subscribe,
            now=now,
            **values_of(body),
        )
        row = shown(request, issued.key.pk)
        names = ("id", "name", "keyPrefix", "models", "isActive", "createdAt", "expiresAt")
        return secret({**{name: row[name] for name in names}, "key": issued.secret}, status=201)


class UserKeyView(ContractView):
    permissions_needed = {"PATCH": _WRITE, "DELETE": _WRITE, "GET": _READ}

    @extend_schema(responses=schema.ApiKeyOut, operation_id="read_api_key_of_user")
    def get(self, request: Request, user_id: str, key_id: str) -> Response:
        return Response(shown(request, _key_of(user_id, key_id)))

    @extend_schema(
        request=schema.ChangeKeyIn, responses=schema.ApiKeyOut, operation_id="change_api_key_of_user"
    )
    def patch(self, request: Request, user_id: str, key_id: str) -> Response:
        body = body_of(request, schema.ChangeKeyIn)
        require_recent_for_grants(request, body)
        services.change_api_key(
            actor=actor_of(request),
            key_id=_key_of(user_id, key_id),
            model_ids=body.get("modelIds"),
            is_bound=False,
            now=timezone.now(),
            **values_of(body),
        )
        return Response(shown(request, key_id))

    @extend_schema(
        parameters=[Param("permanent", bool)],
        request=schema.KeyReasonIn,
        responses=schema.KeyEndedOut,
        operation_id="end_api_key_of_user",
    )
    def delete(self, request: Request, user_id: str, key_id: str) -> Response:
        reason = body_of(request, schema.KeyReasonIn).get("reason") or ""
        is_permanent = params.boolean(request, "permanent", False)
        end = services.delete_api_key if is_permanent else services.revoke_api_key
        end(actor=actor_of(request), key_id=_key_of(user_id, key_id), reason=reason, now=timezone.now())
        return Response({"success": True})


class UserKeyResetView(ContractView):
    permissions_needed = {"POST": _WRITE}

    @extend_schema(
        request=schema.KeyReasonIn,
        responses=schema.KeySpendResetOut,
        operation_id="reset_spend_of_users_api_key",
    )
    def post(self, request: Request, user_id: str, key_id: str) -> Response:
        return Response(reset_spend(request, key_id, owner_id=user_id))


class NamesView(ContractView):
    """Names of keys for filters. Plain users get their own keys only: the old front end asks this of everybody."""

    permissions_needed = {"GET": "api_keys:read"}

    @extend_schema(
        parameters=[Param("userIds", str, many=True)],
        responses=schema.NamedKeysOut,
        operation_id="list_api_key_names",
    )
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        wanted = set(uuids_of(params.listing(request, "userIds", commas=True)))
        if not actor.may(_READ):
            wanted &= {actor.pk}
        rows = ApiKey.objects.filter(deleted_at=None, owner__in=wanted).order_by("name", "id")
        columns = ("id", "name", "alias", "owner_id", "owner__username", "owner__email")
        found = [_named(row) for row in rows.values_list(*columns)]
        return Response({"apiKeys": found, "total": len(found)})


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(("id", "name", "keyAlias", "userId", "username", "email"), row, strict=True))


def _user(user_id: str) -> User:
    user: User | None = User.objects.filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound("This user does not exist.")
    return user


def _key_of(user_id: str, key_id: str) -> UUID:
    """The key, if it is this user's."""
    pk = (
        ApiKey.objects.filter(deleted_at=None, pk=key_id, owner__pk=user_id)
        .values_list("pk", flat=True)
        .first()
    )
    if pk is None:
        raise errors.NotFound("This user has no such API key.")
    return pk
