"""Sign-in, refresh and sign-out of API clients (contract §2)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, tokens
from accounts.api import schema
from accounts.api.authentication import read_access_token
from accounts.credentials import SignIn
from accounts.errors import SignInFailed
from accounts.handover import redeem_code
from accounts.models import User
from accounts.portal_keys import owner_of_key
from accounts.providers import flow
from accounts.providers.sign_out import sign_out_of
from litemaas import context, errors
from litemaas.api.permissions import ANYBODY
from litemaas.api.problems import problem
from litemaas.api.throttling import SIGN_IN, require_few
from litemaas.api.views import ContractView, body_of, secret

# A token for a key has an `auth_time`, as every token; it is never recent.
_NO_SIGN_IN = datetime.fromtimestamp(0, UTC)


class TokenView(ContractView):
    """Tokens for a password, for an API key with a portal permission, or for the code of a sign-in."""

    permissions_needed = {"POST": ANYBODY}
    rate_bucket = SIGN_IN
    authentication_classes = ()

    @extend_schema(request=schema.TokenIn, responses=schema.TokenPairOut, operation_id="issue_token")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.TokenIn)
        grant = _GRANTS.get(body["grantType"])
        if grant is None:
            known = ", ".join(sorted(_GRANTS))
            raise errors.InvalidInput(fields={"grantType": f"grantType must be one of {known}."})
        return secret(grant(request, body))


def _by_password(request: Request, body: dict[str, str]) -> dict[str, Any]:
    if not (settings.PASSWORD_GRANT and settings.LOCAL_ACCOUNTS):
        raise errors.InvalidInput(fields={"grantType": "Passwords are not taken here. Sign in in a browser."})
    username, password = _required(body, "username", "password")
    now = timezone.now()
    user = services.sign_in_with_password(request._request, username=username, password=password, now=now)
    return tokens.issue_tokens(user, signed_in_at=now)


def _by_api_key(request: Request, body: dict[str, str]) -> dict[str, Any]:
    """No more rights than the key has, and no sign-in of a person: what needs a recent one stays closed."""
    (raw,) = _required(body, "apiKey")
    now = timezone.now()
    found = owner_of_key(raw, now=now)
    if found is None:
        raise SignInFailed("This API key gives no access to the portal.")
    user, holder = found
    return tokens.issue_tokens(
        user,
        signed_in_at=_NO_SIGN_IN,
        method=SignIn.Method.API_KEY,
        source=str(holder.key_id),
        limited_to=user.limited_to,
    )


def _by_code(request: Request, body: dict[str, str]) -> dict[str, Any]:
    return redeem_code(*_required(body, "code", "codeVerifier"))


_GRANTS: dict[str, Callable[[Request, dict[str, str]], dict[str, Any]]] = {
    "password": _by_password,
    "api_key": _by_api_key,
    "authorization_code": _by_code,
}


def _required(body: dict[str, str], *names: str) -> list[str]:
    missing = {field: f"{field} is required." for field in names if not body.get(field)}
    if missing:
        raise errors.InvalidInput(fields=missing)
    return [body[name] for name in names]


class RefreshView(ContractView):
    """A new pair for a refresh token, which is used up."""

    permissions_needed = {"POST": ANYBODY}
    rate_bucket = SIGN_IN
    authentication_classes = ()

    @extend_schema(request=schema.RefreshIn, responses=schema.TokenPairOut)
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.RefreshIn)
        raw = body.get("refresh_token") or body.get("refreshToken")
        if not raw:
            raise errors.InvalidInput(fields={"refresh_token": "refresh_token is required."})
        return secret(tokens.refresh_tokens(raw, session_id=body.get("sessionId") or ""))


class LogoutView(ContractView):
    """End the session of the credential. Without one, or with a stale one, there is nothing to end."""

    permissions_needed = {"POST": ANYBODY}

    @extend_schema(request=None, responses=schema.LoggedOutOut, operation_id="logout")
    def post(self, request: Request) -> Response:
        user = request.user
        address = None
        if isinstance(user, User):
            if request.auth:
                address = self._end_sign_in(request, user)
            elif context.current().credential == "session":
                address = sign_out_of(request._request, back=_back(request))
            services.record_sign_out(user=user, now=timezone.now())
        return Response({"message": "You are signed out.", "logoutUrl": address})

    def _end_sign_in(self, request: Request, user: User) -> str | None:
        claims = cast(tokens.Claims, request.auth)
        source, id_token = tokens.provider_of(claims, user)
        tokens.end_session(claims, user)
        return flow.sign_out_address(source, id_token, _back(request)) if source else None


def _back(request: Request) -> str:
    origin = request.headers.get("Origin", "").rstrip("/")
    return f"{origin if origin in settings.CORS_ORIGINS else settings.PUBLIC_URL}/login"


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
