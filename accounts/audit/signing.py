"""The keys that sign checkpoints: Ed25519, outside of the database.

`AUDIT_SIGNING_KEYS` holds `name:base64 of 32 bytes` pairs; the first signs, the public halves of all are trusted. Where
it is empty, keys are derived from `ENCRYPTION_KEYS`, so that there is always a signature.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Signature:
    key_name: str
    public_key: bytes
    signature: bytes


def sign(message: bytes) -> Signature:
    name, key = _keys()[0]
    return Signature(name, key.public_key().public_bytes_raw(), key.sign(message))


def is_signed(message: bytes, signature: Signature, *, trusted: frozenset[bytes]) -> bool:
    """Whether one of the trusted keys signed it."""
    if signature.public_key not in trusted:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(signature.public_key).verify(signature.signature, message)
    except InvalidSignature:
        return False
    return True


def trusted_keys() -> frozenset[bytes]:
    """The public halves of all configured keys."""
    return frozenset(key.public_key().public_bytes_raw() for _name, key in _keys())


def _keys() -> list[tuple[str, Ed25519PrivateKey]]:
    own = tuple(settings.AUDIT_SIGNING_KEYS)
    return _read(own, False) if own else _read(tuple(settings.ENCRYPTION_KEYS), True)


@lru_cache(maxsize=4)
def _read(entries: tuple[str, ...], is_derived: bool) -> list[tuple[str, Ed25519PrivateKey]]:
    keys = []
    for entry in entries:
        name, _, encoded = entry.strip().partition(":")
        try:
            seed = base64.b64decode(encoded, validate=True)
        except ValueError:
            seed = b""
        if not name or len(name) > 32 or len(seed) != 32:
            raise ImproperlyConfigured("AUDIT_SIGNING_KEYS must be name:base64 pairs, each of 32 bytes.")
        if is_derived:
            seed = HKDF(SHA256(), 32, salt=None, info=b"litemaas audit checkpoints").derive(seed)
        keys.append((name, Ed25519PrivateKey.from_private_bytes(seed)))
    return keys
