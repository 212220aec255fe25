"""Secrets at rest: AES-256-GCM under a ring of named keys.

A sealed value is `1 byte length of key id | key id | 12 bytes nonce | ciphertext and tag`. The first key of the ring
seals, all of them open, so a new key is put in front and the old one stays until nothing is sealed with it.
`bound_to` names the row that owns the secret: a sealed value copied to another row does not open.
"""

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE = 12


class CannotOpen(Exception):
    """The value was sealed with a key that is not in the ring, for another row, or was changed."""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[str, AESGCM]:
    ring = {}
    for entry in keys:
        name, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not name or len(name) > 32 or len(key) != 32:
            raise ImproperlyConfigured("ENCRYPTION_KEYS must be id:base64 pairs, each key 32 bytes long.")
        ring[name] = AESGCM(key)
    return ring


def _current_ring() -> dict[str, AESGCM]:
    return _ring(tuple(settings.ENCRYPTION_KEYS))


def seal(secret: str, *, bound_to: str) -> bytes:
    """Encrypt `secret` for the row that `bound_to` names."""
    name, key = next(iter(_current_ring().items()))
    nonce = os.urandom(_NONCE)
    kid = name.encode()
    return bytes([len(kid)]) + kid + nonce + key.encrypt(nonce, secret.encode(), bound_to.encode())


def open_sealed(sealed: bytes, *, bound_to: str) -> str:
    """The secret again. Raises CannotOpen."""
    kid_end = 1 + sealed[0]
    key = _current_ring().get(sealed[1:kid_end].decode(errors="replace"))
    if key is None:
        raise CannotOpen("The secret was sealed with a key that is not in ENCRYPTION_KEYS.")
    nonce, ciphertext = sealed[kid_end : kid_end + _NONCE], sealed[kid_end + _NONCE :]
    try:
        return key.decrypt(nonce, ciphertext, bound_to.encode()).decode()
    except InvalidTag as error:
        raise CannotOpen("The sealed value was changed or belongs to another row.") from error


def new_key(name: str) -> str:
    """A fresh entry for ENCRYPTION_KEYS."""
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"
