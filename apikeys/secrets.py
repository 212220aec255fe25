"""How a secret is made and kept. LiteLLM (1.80 and newer) wants `sk-` in front and names the key by its SHA-256."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from apikeys.models import ApiKey, ApiKeySecret
from litemaas import crypto

_RANDOM_BYTES = 32


def new_secret() -> str:
    return f"sk-{secrets.token_urlsafe(_RANDOM_BYTES)}"


def token_hash(secret: str) -> str:
    """Lower-case hex SHA-256, LiteLLM's `token`."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_row(key: ApiKey, secret: str, *, number: int = 1, now: datetime) -> ApiKeySecret:
    """An unsaved row for the key's secret of that number; also sets what the key shows of it."""
    key.secret_prefix, key.secret_suffix = secret[:8], secret[-4:]
    return ApiKeySecret(
        api_key=key,
        number=number,
        token_hash=token_hash(secret),
        # LiteLLM wants its aliases unique over all keys, and each secret is a key to it.
        alias=key.alias if number == 1 else f"{key.alias}-r{number}",
        prefix=key.secret_prefix,
        suffix=key.secret_suffix,
        sealed=crypto.seal(secret, bound_to=binding(key.pk)),
        created_at=now,
    )


def read_from(row: ApiKeySecret) -> str | None:
    """The secret, or None where it is not kept. Raises crypto.CannotOpen."""
    return unsealed(row.sealed, row.token_hash, row.api_key_id)


def unsealed(sealed: bytes | memoryview | None, hashed: str, key_id: UUID) -> str | None:
    """The same for columns of a row."""
    if sealed is None:
        return None
    secret = crypto.open_sealed(bytes(sealed), bound_to=binding(key_id))
    if token_hash(secret) != hashed:
        raise crypto.CannotOpen("The sealed value belongs to another secret of this key.")
    return secret


def binding(key_id: UUID) -> str:
    return f"api_key:{key_id}"


def duration_until(ends: datetime | None, now: datetime) -> str:
    """From now until then in LiteLLM's words, at least a second: it knows durations only. None is for ever."""
    return "-1" if ends is None else f"{max(1, round((ends - now).total_seconds()))}s"
