"""JSON web tokens for the REST API (contract §2): short access tokens, refresh tokens that are used once.

All tokens of one sign-in carry its `sid`. A session is ended by blacklisting that id, which access tokens are
checked against together with the look-up of their owner.
"""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Exists
from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.models import User
from litemaas.api.statements import Statement
from litemaas.errors import DomainError

Claims = dict[str, Any]


class InvalidRefreshToken(DomainError):
    code = "INVALID_TOKEN"
    default_message = "The refresh token is not valid."


class SessionEnded(DomainError):
    code = "TOKEN_REVOKED"
    default_message = "This session has ended. Sign in again."


class RefreshTokenReused(DomainError):
    code = "REFRESH_TOKEN_REUSED"
    default_message = "The refresh token was used before, so the session was ended. Sign in again."


class _UncheckedRefreshToken(RefreshToken):
    """Reuse is told apart from other faults when the token is used up, not before."""

    def check_blacklist(self) -> None:
        return None


def issue_tokens(user: User, *, signed_in_at: datetime, session_id: str | None = None) -> dict[str, Any]:
    """A pair of tokens in both spellings of the contract. `auth_time` stays the same over refreshes."""
    refresh = RefreshToken()
    refresh["sub"] = str(user.pk)
    refresh["sid"] = session_id or uuid4().hex
    refresh["auth_time"] = int(signed_in_at.timestamp())
    _describe(refresh, user)
    return _answer(refresh, user)


def refresh_tokens(raw: str) -> dict[str, Any]:
    """A new pair for an unused refresh token of an active account; the old one is used up.

    Raises InvalidRefreshToken, SessionEnded, and RefreshTokenReused, which ends the session for both who hold it.
    """
    try:
        old = _UncheckedRefreshToken(raw)  # type: ignore[arg-type]
        user_id, session_id, signed_in = old["sub"], str(old["sid"]), float(old["auth_time"])
    except (TokenError, KeyError, ValueError):
        raise InvalidRefreshToken from None
    user = User.objects.active().filter(pk=user_id).annotate(has_ended=_ended(session_id)).first()
    if user is None:
        raise InvalidRefreshToken
    if user.has_ended:
        raise SessionEnded
    if not _blacklist(old["jti"], user, old["exp"]):
        end_session(old, user)
        raise RefreshTokenReused
    return issue_tokens(user, signed_in_at=datetime.fromtimestamp(signed_in, UTC), session_id=session_id)


def claims_of(raw: str) -> Claims:
    """What a valid access token says. Raises TokenError, ExpiredTokenError."""
    claims = _verified(raw)
    if claims["exp"] <= time.time():
        _verified.cache_clear()
        raise ExpiredTokenError("Token is expired")
    return claims


@lru_cache(maxsize=4096)
def _verified(raw: str) -> Claims:
    """A signature stays good; whether the token expired is asked each time."""
    return dict(AccessToken(raw).payload)  # type: ignore[arg-type]


def owner_of(claims: Claims) -> tuple[User, bool] | None:
    """The token's user, and whether its session was ended, in one statement."""
    values = {"user": UUID(claims["sub"]), "session": str(claims.get("sid", ""))}
    rows = _OWNER.rows(None, values)
    if not rows:
        return None
    row = rows[0]
    user = User.from_db("default", _USER_COLUMNS, [row[name] for name in _USER_COLUMNS])
    return user, row["has_ended"]


# Without the password's hash: nobody needs it to answer a request.
_USER_COLUMNS = ("id", "username", "email", "full_name", "roles", "is_active", "created_at", "updated_at")
_OWNER = Statement(
    lambda _shape, values: (
        User.objects.filter(pk=values["user"])
        .annotate(has_ended=_ended(values["session"]))
        .values(*_USER_COLUMNS, "has_ended")
    )
)


def end_session(token: Token | Claims, user: User) -> None:
    """Refuse all tokens of this sign-in from now on. Ending it again changes nothing."""
    if sid := token.get("sid"):
        _blacklist(str(sid), user, (timezone.now() + _lifetime("REFRESH_TOKEN_LIFETIME")).timestamp())


def _ended(session_id: str) -> Exists:
    return Exists(BlacklistedToken.objects.filter(token__jti=session_id))


def _blacklist(jti: str, user: User, expires: float) -> bool:
    """Whether this call did it: the unique row decides between two at once. The token itself is not stored."""
    until = datetime.fromtimestamp(expires, UTC)
    row, _made = OutstandingToken.objects.get_or_create(
        jti=jti, defaults={"user": user, "token": "", "created_at": timezone.now(), "expires_at": until}
    )
    return BlacklistedToken.objects.get_or_create(token=row)[1]


def _describe(token: RefreshToken, user: User) -> None:
    """Information for clients; rights are read from the database."""
    token["userId"] = str(user.pk)
    token["username"] = user.username
    token["email"] = user.email
    token["roles"] = list(user.roles)


def _lifetime(name: str) -> timedelta:
    return cast(timedelta, settings.SIMPLE_JWT[name])


def _answer(refresh: RefreshToken, user: User) -> dict[str, Any]:
    access = str(refresh.access_token)
    lifetime = int(_lifetime("ACCESS_TOKEN_LIFETIME").total_seconds())
    refresh_lifetime = int(_lifetime("REFRESH_TOKEN_LIFETIME").total_seconds())
    return {
        "access_token": access,
        "refresh_token": str(refresh),
        "expires_in": lifetime,
        "token_type": "Bearer",
        "user": {
            "id": user.pk,
            "email": user.email,
            "name": user.display_name,
            "username": user.username,
            "roles": list(user.roles),
        },
        "accessToken": access,
        "refreshToken": str(refresh),
        "expiresIn": lifetime,
        "refreshExpiresIn": refresh_lifetime,
    }
