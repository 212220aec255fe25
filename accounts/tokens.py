"""JSON web tokens for the REST API (contract §2): short access tokens, refresh tokens that are used once.

All tokens of one sign-in carry its id as `sid`. An access token is checked against its sign-in, its owner and the list
of tokens that were ended early by one statement.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists
from django.utils import timezone
from django.utils.translation import gettext_lazy
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts import portal_keys, signing
from accounts.credentials import SignIn
from accounts.models import User
from accounts.permissions import ALL_PERMISSIONS
from litemaas import context, crypto
from litemaas.api.statements import Statement
from litemaas.errors import DomainError

Claims = dict[str, Any]
# A sign-in that is refreshed again and again ends all the same.
LONGEST_SIGN_IN = timedelta(days=30)
# How exact "last activity" is: a write per request would cost as much as the request.
_ACTIVITY_STEP = timedelta(minutes=5)


class InvalidRefreshToken(DomainError):
    code = "INVALID_TOKEN"
    default_message = gettext_lazy("The refresh token is not valid.")


class SessionEnded(DomainError):
    code = "TOKEN_REVOKED"
    default_message = gettext_lazy("This session has ended. Sign in again.")


class RefreshTokenReused(DomainError):
    code = "REFRESH_TOKEN_REUSED"
    default_message = gettext_lazy(
        "The refresh token was used before, so the session was ended. Sign in again."
    )


class PortalAccessToken(AccessToken):
    _token_backend = signing.backend


class PortalRefreshToken(RefreshToken):
    """Reuse is told apart from other faults when the token is used up, not before."""

    _token_backend = signing.backend
    access_token_class = PortalAccessToken

    def check_blacklist(self) -> None:
        return None


def issue_tokens(
    user: User,
    *,
    signed_in_at: datetime,
    method: str = SignIn.Method.PASSWORD,
    source: str = "",
    limited_to: Iterable[str] | None = None,
    id_token: str = "",
    access_lifetime: timedelta | None = None,
) -> dict[str, Any]:
    """Begin a sign-in and give its first pair of tokens, in both spellings of the contract.

    `access_lifetime` is for clients that never refresh. `id_token` is the provider's, for its sign-out page.
    """
    now = timezone.now()
    request = context.current()
    sign_in = SignIn(
        user=user,
        method=method,
        source=source,
        limited_to=sorted(limited_to) if limited_to is not None else None,
        ip_address=request.address,
        user_agent=request.user_agent,
        signed_in_at=signed_in_at,
        created_at=now,
        last_activity_at=now,
        expires_at=now + max(_lifetime("REFRESH_TOKEN_LIFETIME"), access_lifetime or timedelta()),
    )
    if id_token:
        sign_in.sealed_id_token = crypto.seal(id_token, bound_to=f"sign-in {sign_in.pk}")
    sign_in.save(force_insert=True)
    return _pair(user, sign_in, access_lifetime)


def _pair(user: User, sign_in: SignIn, access_lifetime: timedelta | None = None) -> dict[str, Any]:
    refresh = PortalRefreshToken()
    refresh["sub"] = str(user.pk)
    refresh["sid"] = str(sign_in.pk)
    refresh["auth_time"] = int(sign_in.signed_in_at.timestamp())
    _describe(refresh, user)
    return _answer(refresh, user, access_lifetime or _lifetime("ACCESS_TOKEN_LIFETIME"))


def refresh_tokens(raw: str, *, session_id: str = "") -> dict[str, Any]:
    """A new pair for an unused refresh token of an active account; the old one is used up.

    Raises InvalidRefreshToken, SessionEnded, and RefreshTokenReused, which ends the session for both who hold it.
    """
    try:
        old = PortalRefreshToken(raw)  # type: ignore[arg-type]
        user_id, sid = UUID(old["sub"]), UUID(str(old["sid"]))
    except (TokenError, KeyError, ValueError):
        raise InvalidRefreshToken from None
    if session_id and session_id != str(sid):
        raise InvalidRefreshToken
    sign_in = SignIn.objects.select_related("user").filter(pk=sid, user_id=user_id).first()
    if sign_in is None or not sign_in.user.is_active:
        raise InvalidRefreshToken
    now = timezone.now()
    if sign_in.ended_at or sign_in.expires_at <= now or now - sign_in.created_at > LONGEST_SIGN_IN:
        raise SessionEnded
    if sign_in.limited_to is not None and _rights_left(sign_in.method, sign_in.source) is None:
        raise SessionEnded
    with transaction.atomic():
        is_ours = _blacklist(old["jti"], sign_in.user, old["exp"])
        if is_ours:
            expiry = now + _lifetime("REFRESH_TOKEN_LIFETIME")
            sign_in.user_agent = context.current().user_agent
            SignIn.objects.filter(pk=sid).update(
                last_activity_at=now, expires_at=expiry, user_agent=sign_in.user_agent
            )
    if not is_ours:
        end_sign_ins(SignIn.objects.filter(pk=sid), now=now)
        raise RefreshTokenReused
    return _pair(sign_in.user, sign_in)


def rotate_access_token(claims: Claims, user: User) -> dict[str, Any]:
    """Another access token of the same sign-in; the old one ends at once. Raises SessionEnded on a second try."""
    sign_in = SignIn.objects.filter(pk=claims["sid"], user=user, ended_at=None).first()
    if sign_in is None or not _blacklist(claims["jti"], user, claims["exp"]):
        raise SessionEnded
    left = timedelta(seconds=claims["exp"] - time.time())
    return _pair(user, sign_in, max(left, _lifetime("ACCESS_TOKEN_LIFETIME")))


def end_token(claims: Claims, user: User) -> datetime:
    """Refuse this one token from now on; until when that needs remembering. Ending it again changes nothing."""
    _blacklist(claims["jti"], user, claims["exp"])
    return datetime.fromtimestamp(claims["exp"], UTC)


def claims_of(raw: str) -> Claims:
    """What a valid access token says. Raises TokenError, ExpiredTokenError."""
    claims = _verified(raw, signing.ring_name())
    if claims["exp"] <= time.time():
        _verified.cache_clear()
        raise ExpiredTokenError("Token is expired")
    return claims


@lru_cache(maxsize=4096)
def _verified(raw: str, _ring: tuple[str, ...]) -> Claims:
    """A signature stays good under the same ring; whether the token expired is asked each time."""
    return dict(PortalAccessToken(raw).payload)  # type: ignore[arg-type]


def owner_of(claims: Claims) -> tuple[User, bool] | None:
    """The token's user, and whether its session was ended, in one statement (for a key's token: two)."""
    values = {"user": UUID(claims["sub"]), "session": UUID(claims["sid"]), "token": str(claims["jti"])}
    rows = _OWNER.rows(None, values)
    if not rows:
        return None
    row = rows[0]
    user = User.from_db("default", _USER_COLUMNS, [row[f"user__{name}"] for name in _USER_COLUMNS])
    user.signed_in_by = row["method"]
    has_ended = row["has_ended"] or row["ended_at"] is not None
    if row["limited_to"] is not None:
        rights = _rights_left(row["method"], row["source"])
        user.limited_to = frozenset(row["limited_to"]) & (rights or frozenset())
        has_ended = has_ended or rights is None
    if not has_ended:
        _note_activity(row["id"], row["last_activity_at"])
    return user, has_ended


# Without the password's hash: nobody needs it to answer a request.
_USER_COLUMNS = ("id", "username", "email", "full_name", "roles", "is_active", "created_at", "updated_at")
_OWNER = Statement(
    lambda _shape, values: (
        SignIn.objects.filter(pk=values["session"], user_id=values["user"])
        .annotate(has_ended=Exists(BlacklistedToken.objects.filter(token__jti=values["token"])))
        .values(
            *(f"user__{name}" for name in _USER_COLUMNS),
            "id",
            "limited_to",
            "method",
            "source",
            "ended_at",
            "last_activity_at",
            "has_ended",
        )
    )
)


def _rights_left(method: str, source: str) -> frozenset[str] | None:
    """What a limited sign-in may at most now. One that was given for a key ends with the key."""
    if method != SignIn.Method.API_KEY:
        return ALL_PERMISSIONS
    return portal_keys.rights_of(source, now=timezone.now())


def _note_activity(session_id: UUID, known: datetime) -> None:
    now = timezone.now()
    if now - known > _ACTIVITY_STEP:
        SignIn.objects.filter(pk=session_id).update(last_activity_at=now)


def end_sign_ins(rows: Any, *, now: datetime) -> int:
    """Refuse all tokens of these sign-ins from now on; how many had not ended yet."""
    return int(rows.filter(ended_at__isnull=True).update(ended_at=now))


def end_session(token: Token | Claims, user: User) -> None:
    """Refuse all tokens of this sign-in from now on. Ending it again changes nothing."""
    if sid := token.get("sid"):
        end_sign_ins(SignIn.objects.filter(pk=sid, user=user), now=timezone.now())


def provider_of(claims: Claims, user: User) -> tuple[str, str]:
    """Which provider vouched for this sign-in, and its ID token; "" for what there is not."""
    sign_in = SignIn.objects.filter(pk=claims["sid"], user=user, method=SignIn.Method.PROVIDER).first()
    if sign_in is None:
        return "", ""
    sealed = sign_in.sealed_id_token
    opened = crypto.open_sealed(bytes(sealed), bound_to=f"sign-in {sign_in.pk}") if sealed else ""
    return sign_in.source, opened


def _blacklist(jti: str, user: User, expires: float) -> bool:
    """Whether this call did it: the unique row decides between two at once. The token itself is not stored."""
    until = datetime.fromtimestamp(expires, UTC)
    row, _made = OutstandingToken.objects.get_or_create(
        jti=jti, defaults={"user": user, "token": "", "created_at": timezone.now(), "expires_at": until}
    )
    return BlacklistedToken.objects.get_or_create(token=row)[1]


def forget_expired(*, now: datetime) -> int:
    """Delete what no valid token can refer to any more; how many rows."""
    stale, _each = OutstandingToken.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    ended, _each = SignIn.objects.filter(expires_at__lt=now - LONGEST_SIGN_IN).delete()
    return stale + ended


def _describe(token: RefreshToken, user: User) -> None:
    """Information for clients; rights are read from the database."""
    token["userId"] = str(user.pk)
    token["username"] = user.username
    token["email"] = user.email
    token["roles"] = list(user.roles)


def _lifetime(name: str) -> timedelta:
    return cast(timedelta, settings.SIMPLE_JWT[name])


def _answer(refresh: RefreshToken, user: User, lifetime: timedelta) -> dict[str, Any]:
    access = refresh.access_token
    access.set_exp(lifetime=lifetime)
    seconds = int(lifetime.total_seconds())
    return {
        "access_token": str(access),
        "refresh_token": str(refresh),
        "expires_in": seconds,
        "token_type": "Bearer",
        "user": {
            "id": user.pk,
            "email": user.email,
            "name": user.display_name,
            "username": user.username,
            "roles": list(user.roles),
        },
        "accessToken": str(access),
        "refreshToken": str(refresh),
        "expiresIn": seconds,
        "refreshExpiresIn": int(_lifetime("REFRESH_TOKEN_LIFETIME").total_seconds()),
    }
