"""The key ring that signs our JSON web tokens: the first key signs, all of them verify, `kid` says which.

To rotate, put a new key in front; take the old one out once the longest token signed with it has expired.
"""

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError

_ALGORITHM = "HS256"
_SHORTEST = 32


def ring_name() -> tuple[str, ...]:
    """What the ring is made from; changes when the ring does."""
    return tuple(settings.JWT_SIGNING_KEYS) or (settings.SECRET_KEY,)


@lru_cache(maxsize=4)
def _ring(entries: tuple[str, ...], secret_key: str) -> dict[str, bytes]:
    if not entries:
        derived = hmac.digest(secret_key.encode(), b"litemaas json web tokens", "sha256")
        return {hashlib.sha256(derived).hexdigest()[:8]: derived}
    return dict(_entry(entry) for entry in entries)


def _entry(entry: str) -> tuple[str, bytes]:
    kid, _, encoded = entry.strip().partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not kid or len(key) < _SHORTEST:
        raise ImproperlyConfigured(
            f"JWT_SIGNING_KEYS must be id:base64 pairs, each key at least {_SHORTEST} bytes long."
        )
    return kid, key


def ring() -> dict[str, bytes]:
    return _ring(tuple(settings.JWT_SIGNING_KEYS), settings.SECRET_KEY)


class RingBackend(TokenBackend):
    """simplejwt's backend with a ring in place of one key. The algorithm is ours to say, never the token's."""

    def encode(self, payload: dict[str, Any]) -> str:
        kid, key = next(iter(ring().items()))
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": kid})

    def get_verifying_key(self, token: Any) -> bytes:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError:
            raise TokenBackendError("Token is invalid") from None
        key = ring().get(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenBackendError("Token is invalid")
        return key


backend = RingBackend(_ALGORITHM, audience="litemaas-api", issuer="litemaas")
