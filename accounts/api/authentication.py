"""Who is calling the REST API: a bearer token, or our own pages' session with its CSRF token.

Rights come from the database on every request; what a token says of roles is information only.
"""

from datetime import UTC, datetime
from typing import Any, cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from accounts import recent_sign_in
from accounts.automation import PREFIX, principal_of
from accounts.credentials import SignIn
from accounts.errors import SecondFactorNeeded
from accounts.models import User
from accounts.permissions import OPERATOR_PERMISSIONS
from accounts.portal_keys import owner_of_key
from accounts.tokens import Claims, claims_of, owner_of
from litemaas import context, errors
from litemaas.api.permissions import SIGNED_IN, permission_for


class InvalidCredential(AuthenticationFailed):
    contract_code = "INVALID_TOKEN"
    default_detail = "The access token is not valid."


class ExpiredCredential(AuthenticationFailed):
    contract_code = "TOKEN_EXPIRED"
    default_detail = "The access token has expired."


class EndedSession(AuthenticationFailed):
    contract_code = "TOKEN_REVOKED"
    default_detail = "This session has ended. Sign in again."


class AccountDisabled(AuthenticationFailed):
    contract_code = "ACCOUNT_DISABLED"
    default_detail = "This account is not active."


class CsrfFailed(PermissionDenied):
    contract_code = "CSRF_FAILED"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`: a JSON web token, a personal `sk-…` key or an `ltm_admin_…` key.

    `request.auth` is what a token says, with `auth_time` (epoch seconds of the sign-in); `{}` for a key.
    """

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, raw = header.partition(" ")
        if not header:
            return None
        if scheme.lower() != "bearer" or not raw.strip():
            raise InvalidCredential("The Authorization header must be: Bearer <token>.")
        kind, user, claims = read_credential(raw.strip())
        context.current().credential = kind
        if user.limited_to is not None:
            _hold_to_limits(user, request)
        return user, claims


def read_credential(raw: str) -> tuple[str, User, Claims]:
    """Kind, active owner and claims of a bearer credential. Raises AuthenticationFailed."""
    if raw.startswith(PREFIX):
        principal = principal_of(raw, now=timezone.now())
        if principal is None:
            raise InvalidCredential
        return "admin-key", principal, {}
    if raw.startswith("sk-"):
        found = owner_of_key(raw, now=timezone.now())
        if found is None:
            raise InvalidCredential("This API key gives no access to the portal.")
        return "api-key", found[0], {}
    user, claims = read_access_token(raw)
    return "jwt", user, claims


def _hold_to_limits(user: User, request: Request) -> None:
    """A credential that is held to some permissions changes nothing that only needs somebody to be signed in, and
    never gets to what is for people only (`person_only`): secrets, tokens, sessions."""
    view = (request.parser_context or {}).get("view")
    method = request.method or "GET"
    needed = permission_for(view, method)
    # A service account has nothing of its own: what it may read at all, it reads of everybody.
    user.operates = user.is_service or needed in OPERATOR_PERMISSIONS
    if getattr(view, "person_only", False) or (needed == SIGNED_IN and method not in {"GET", "HEAD"}):
        raise errors.Forbidden("This needs a person who is signed in; an API key is not enough.")


def read_access_token(raw: str) -> tuple[User, Claims]:
    """The active owner of a valid token, and what it says. One statement. Raises AuthenticationFailed."""
    try:
        claims = claims_of(raw)
        owner = owner_of(claims)
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except (TokenError, KeyError, ValueError):
        raise InvalidCredential from None
    if owner is None:
        raise InvalidCredential
    user, has_ended = owner
    if has_ended:
        raise EndedSession
    if not user.is_active:
        raise AccountDisabled
    by_password = user.signed_in_by == SignIn.Method.PASSWORD
    if settings.ADMINS_NEED_MFA and user.is_admin and by_password and not is_mfa_enabled(user):
        # Perhaps from before the person became an administrator.
        raise SecondFactorNeeded
    return user, claims


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


def actor_of(request: Request) -> User:
    """Who calls a route that needs somebody: the declared permission let nobody else in."""
    return cast(User, request.user)


def signed_in_at(request: Request) -> datetime | None:
    """When the person behind this request last proved who they are."""
    token = cast("Claims | None", request.auth)
    if token is None:
        return recent_sign_in.signed_in_at(request._request)
    seconds = token.get("auth_time")
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None


def require_recent_sign_in(request: Request) -> None:
    """Automation keys have no sign-in: their scope was given for this. Raises SignInTooOld."""
    if context.current().credential != "admin-key":
        recent_sign_in.require_recent(signed_in_at(request))


class RecentSignIn(BasePermission):
    """Asks for a recent sign-in where `accounts.recent_sign_in` says so; after the permission itself."""

    def has_permission(self, request: Request, view: Any) -> bool:
        asked = request._request
        is_session = context.current().credential == "session"
        if (recent_sign_in.is_asked_of_sessions if is_session else recent_sign_in.is_asked_of_tokens)(asked):
            require_recent_sign_in(request)
        return True


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class PortalSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = PortalSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
