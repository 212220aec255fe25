"""Envelope encryption: each secret under a data key of its own (AES-256-GCM), which a master key of the ring wraps.

A sealed value is `0x00 0x02 | length of key name | key name | nonce | wrapped data key | nonce | ciphertext and tag`.
The first master key of ENCRYPTION_KEYS wraps, all of them unwrap: a new one is put in front, what the old ones wrapped
is wrapped again (`rewrapped`; the secret itself is not touched), and then they are taken away.

`bound_to` names the row that owns the secret: a sealed value copied to another row does not open. Values of the first
format, which the master key encrypted itself, still open: `length of key name | key name | nonce | ciphertext and tag`.
"""

import base64
import binascii
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE, _KEY, _TAG = 12, 32, 16
_ENVELOPE = b"\x00\x02"
_WRAPPED = _NONCE + _KEY + _TAG


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
        if not name or len(name.encode()) > 32 or len(key) != _KEY:
            raise ImproperlyConfigured("ENCRYPTION_KEYS must be id:base64 pairs, each key 32 bytes long.")
        ring[name] = AESGCM(key)
    return ring


def ring() -> dict[str, AESGCM]:
    """Master keys by name; the first one seals."""
    return _ring(tuple(settings.ENCRYPTION_KEYS))


def seal(secret: str, *, bound_to: str) -> bytes:
    """Encrypt `secret` for the row that `bound_to` names."""
    data_key = AESGCM.generate_key(bit_length=8 * _KEY)
    return _head(data_key, bound_to) + _encrypt(AESGCM(data_key), secret.encode(), bound_to)


def open_sealed(sealed: bytes, *, bound_to: str) -> str:
    """The secret again. Raises CannotOpen."""
    name, rest = _split(sealed)
    if not sealed.startswith(_ENVELOPE):
        return _decrypt(_master(name), rest, bound_to).decode()
    data_key = _decrypt(_master(name), rest[:_WRAPPED], _wrapping(bound_to))
    return _decrypt(AESGCM(data_key), rest[_WRAPPED:], bound_to).decode()


def rewrapped(sealed: bytes, *, bound_to: str) -> bytes | None:
    """The same secret under the first master key; None where it is already. Raises CannotOpen."""
    name, rest = _split(sealed)
    if not sealed.startswith(_ENVELOPE):
        return seal(open_sealed(sealed, bound_to=bound_to), bound_to=bound_to)
    if name == next(iter(ring())):
        return None
    data_key = _decrypt(_master(name), rest[:_WRAPPED], _wrapping(bound_to))
    return _head(data_key, bound_to) + rest[_WRAPPED:]


def key_name_of(sealed: bytes) -> str:
    """Which master key it needs."""
    return _split(sealed)[0]


def new_key(name: str) -> str:
    """A fresh entry for ENCRYPTION_KEYS."""
    return f"{name}:{base64.b64encode(os.urandom(_KEY)).decode()}"


def _head(data_key: bytes, bound_to: str) -> bytes:
    name, master = next(iter(ring().items()))
    kid = name.encode()
    return _ENVELOPE + bytes([len(kid)]) + kid + _encrypt(master, data_key, _wrapping(bound_to))


def _split(sealed: bytes) -> tuple[str, bytes]:
    """The master key's name, and what comes after it."""
    start = len(_ENVELOPE) if sealed.startswith(_ENVELOPE) else 0
    end = start + 1 + (sealed[start] if len(sealed) > start else 0)
    return sealed[start + 1 : end].decode(errors="replace"), sealed[end:]


def _master(name: str) -> AESGCM:
    found = ring().get(name)
    if found is None:
        raise CannotOpen("The secret was sealed with a key that is not in ENCRYPTION_KEYS.")
    return found


def _wrapping(bound_to: str) -> str:
    """A data key is no secret of the row, nor the other way round."""
    return f"data key of {bound_to}"


def _encrypt(key: AESGCM, content: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, content, bound_to.encode())


def _decrypt(key: AESGCM, sealed: bytes, bound_to: str) -> bytes:
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("The sealed value was changed or belongs to another row.") from error
