"""JSON web tokens for the REST API (contract §2): short access tokens, refresh tokens that are used once."""

from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.models import User
from litemaas.errors import DomainError


class InvalidRefreshToken(DomainError):
    code = "INVALID_TOKEN"
    default_message = "The refresh token is not valid, or it was used before."


def issue_tokens(user: User, *, signed_in_at: datetime) -> dict[str, Any]:
    """A pair of tokens in both spellings of the contract. `auth_time` stays the same over refreshes."""
    refresh = RefreshToken()
    refresh["sub"] = str(user.pk)
    refresh["auth_time"] = int(signed_in_at.timestamp())
    _describe(refresh, user)
    return _answer(refresh, user)


def refresh_tokens(raw: str) -> dict[str, Any]:
    """A new pair for an unused refresh token of an active account; the old one is used up. Raises InvalidRefreshToken."""
    try:
        old = RefreshToken(raw)  # type: ignore[arg-type]
        user = User.objects.active().filter(pk=old["sub"]).first()
    except (TokenError, ValueError):
        raise InvalidRefreshToken from None
    if user is None:
        raise InvalidRefreshToken
    _use_up(old)
    return issue_tokens(user, signed_in_at=datetime.fromtimestamp(old["auth_time"]).astimezone())


def _use_up(token: RefreshToken) -> None:
    """The blacklist's unique row decides between two that present one token at once."""
    _row, is_first = token.blacklist()
    if not is_first:
        raise InvalidRefreshToken


def _describe(token: RefreshToken, user: User) -> None:
    """Information for clients; rights are read from the database."""
    token["userId"] = str(user.pk)
    token["username"] = user.username
    token["email"] = user.email
    token["roles"] = list(user.roles)


def _answer(refresh: RefreshToken, user: User) -> dict[str, Any]:
    access = str(refresh.access_token)
    lifetime = int(settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"].total_seconds())
    refresh_lifetime = int(settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"].total_seconds())
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
