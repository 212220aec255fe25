"""How a secret is made and kept. LiteLLM (1.80 and newer) wants `sk-` in front and names the key by its SHA-256."""

import hashlib
import secrets
from uuid import UUID

from apikeys.models import ApiKey
from litemaas import crypto

_RANDOM_BYTES = 32


def new_secret() -> str:
    return f"sk-{secrets.token_urlsafe(_RANDOM_BYTES)}"


def token_hash(secret: str) -> str:
    """Lower-case hex SHA-256, LiteLLM's `token`."""
    return hashlib.sha256(secret.encode()).hexdigest()


def put_into(key: ApiKey, secret: str) -> None:
    """Set every column of `key` that comes from its secret."""
    key.secret_prefix, key.secret_suffix = secret[:8], secret[-4:]
    key.token_hash = token_hash(secret)
    key.sealed_secret = crypto.seal(secret, bound_to=_binding(key.pk))


def read_from(key: ApiKey) -> str | None:
    """The secret, or None where it is not kept. Raises crypto.CannotOpen."""
    if key.sealed_secret is None:
        return None
    return crypto.open_sealed(bytes(key.sealed_secret), bound_to=_binding(key.pk))


def _binding(pk: UUID) -> str:
    return f"api_key:{pk}"
