"""Sign-in, refresh and sign-out of API clients (contract §2)."""

from typing import cast

from django.contrib.auth import logout
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, tokens
from accounts.api import schema
from accounts.api.authentication import read_access_token
from accounts.models import User
from litemaas import errors
from litemaas.api.permissions import ANYBODY
from litemaas.api.problems import problem
from litemaas.api.throttling import require_few
from litemaas.api.views import ContractView, body_of, secret

_TRIES_PER_MINUTE = 20


class TokenView(ContractView):
    """The password grant for local accounts."""

    permissions_needed = {"POST": ANYBODY}
    authentication_classes = ()

    @extend_schema(request=schema.TokenIn, responses=schema.TokenPairOut, operation_id="issue_token")
    def post(self, request: Request) -> Response:
        require_few(request, "sign-in", per_minute=_TRIES_PER_MINUTE)
        body = body_of(request, schema.TokenIn)
        username, password = _credentials(body)
        now = timezone.now()
        user = services.sign_in_with_password(request._request, username=username, password=password, now=now)
        return secret(tokens.issue_tokens(user, signed_in_at=now))


def _credentials(body: dict[str, str]) -> tuple[str, str]:
    if body["grantType"] != "password":
        raise errors.InvalidInput(fields={"grantType": "This server only knows the grant type “password”."})
    missing = {field: f"{field} is required." for field in ("username", "password") if not body.get(field)}
    if missing:
        raise errors.InvalidInput(fields=missing)
    return body["username"], body["password"]


class RefreshView(ContractView):
    """A new pair for a refresh token, which is used up."""

    permissions_needed = {"POST": ANYBODY}
    authentication_classes = ()

    @extend_schema(request=schema.RefreshIn, responses=schema.TokenPairOut)
    def post(self, request: Request) -> Response:
        require_few(request, "refresh", per_minute=_TRIES_PER_MINUTE)
        body = body_of(request, schema.RefreshIn)
        raw = body.get("refresh_token") or body.get("refreshToken")
        if not raw:
            raise errors.InvalidInput(fields={"refresh_token": "refresh_token is required."})
        return secret(tokens.refresh_tokens(raw))


class LogoutView(ContractView):
    """End the session of the credential. Without one, or with a stale one, there is nothing to end."""

    permissions_needed = {"POST": ANYBODY}

    @extend_schema(request=None, responses=schema.LoggedOutOut, operation_id="logout")
    def post(self, request: Request) -> Response:
        user = request.user
        if isinstance(user, User):
            if request.auth is not None:
                tokens.end_session(cast(tokens.Claims, request.auth), user)
            else:
                logout(request._request)
            services.record_sign_out(user=user, now=timezone.now())
        return Response({"message": "You are signed out.", "logoutUrl": None})


class ValidateView(ContractView):
    """Whether an access token would be accepted now."""

    permissions_needed = {"POST": ANYBODY}
    authentication_classes = ()

    @extend_schema(request=schema.ValidateIn, responses=schema.ValidateOut, operation_id="validate_token")
    def post(self, request: Request) -> HttpResponse:
        require_few(request, "validate", per_minute=60)
        body = body_of(request, schema.ValidateIn)
        try:
            user, _token = read_access_token(body["token"])
        except AuthenticationFailed as error:
            code = getattr(error, "contract_code", "INVALID_TOKEN")
            return problem(request, code, str(error.detail), members={"valid": False})
        facts = {"userId": user.pk, "username": user.username, "email": user.email, "roles": user.roles}
        return secret({"valid": True, "user": facts})
