"""Who is calling the REST API: a bearer token, or our own pages' session with its CSRF token.

Rights come from the database on every request; what a token says of roles is information only.
"""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from litemaas import context

SESSION_SIGN_IN = "signed_in_at"  # set by accounts.web.adapter


class InvalidCredential(AuthenticationFailed):
    contract_code = "INVALID_TOKEN"
    default_detail = "The access token is not valid."


class ExpiredCredential(AuthenticationFailed):
    contract_code = "TOKEN_EXPIRED"
    default_detail = "The access token has expired."


class AccountDisabled(AuthenticationFailed):
    contract_code = "ACCOUNT_DISABLED"
    default_detail = "This account is not active."


class CsrfFailed(PermissionDenied):
    contract_code = "CSRF_FAILED"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <jwt>`. `request.auth` is the token, with `auth_time` (epoch seconds of the sign-in)."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, raw = header.partition(" ")
        if not header:
            return None
        if scheme.lower() != "bearer" or not raw.strip():
            raise InvalidCredential("The Authorization header must be: Bearer <token>.")
        token = _read(raw.strip())
        user = _owner(token)
        context.current().credential = "jwt"
        return user, token


def _read(raw: str) -> AccessToken:
    try:
        return AccessToken(raw)  # type: ignore[arg-type]
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except (TokenError, ValueError):
        raise InvalidCredential from None


def _owner(token: AccessToken) -> User:
    try:
        user = User.objects.filter(pk=token.get("sub")).first()
    except (ValidationError, ValueError):
        raise InvalidCredential from None
    if user is None:
        raise InvalidCredential
    if not user.is_active:
        raise AccountDisabled
    return user


class PortalSessionAuthentication(SessionAuthentication):
    """The portal's own pages; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is not None:
            context.current().credential = "session"
        return found

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfFailed(str(error.detail)) from None


def signed_in_at(request: Request) -> datetime | None:
    """When the person behind this request last proved who they are."""
    seconds = request.auth.get("auth_time") if request.auth is not None else None
    if seconds is None and hasattr(request, "session"):
        seconds = request.session.get(SESSION_SIGN_IN)
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None
