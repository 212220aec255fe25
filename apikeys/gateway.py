"""What LiteLLM should know of a key, and how it is made to.

The secret is ours, so every step can be repeated after a crash or a lost reply: `/key/generate` with the same `key`
and alias finds itself, and `/key/info` by the hash says what is there. An empty model list means "all models" to
LiteLLM and is never sent: a key that opens nothing is blocked.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from apikeys import secrets
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret
from litellm_sync import outbox
from litellm_sync.client import GatewayClient
from litellm_sync.errors import GatewayConflict, GatewayNotFound, GatewayUnavailable

_WINDOW_AT_GATEWAY = {"daily": "1d", "weekly": "7d", "monthly": "1mo", "yearly": "12mo"}
_EXPIRY_TOLERANCE = timedelta(seconds=5)


def apply_key(key_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's key match the portal's row. Idempotent; raises the gateway's errors."""
    key = ApiKey.objects.select_related("owner").prefetch_related("secrets").filter(pk=key_id).first()
    if key is None:
        return
    secret = key.current_secret
    if key.is_revoked:
        client.delete_key(secret.token_hash)
        return
    models = opened_models(key)
    if key.owner_id:
        outbox.require_applied("user", key.owner_id, client=client)
    present = client.get_key(secret.token_hash)
    if present is None:
        present = _create(key, secret, models, client)
    _correct(key, secret, models, present, client)


def opened_models(key: ApiKey) -> list[str]:
    """The models that the key opens now, sorted."""
    links = ApiKeyModel.objects.effective().filter(api_key=key)
    return sorted(links.values_list("model_id", flat=True))


def desired_key(key: ApiKey, models: list[str]) -> dict[str, Any]:
    """The fields that we decide, as LiteLLM names them. Without `models` when the key opens nothing."""
    body: dict[str, Any] = {
        "key_alias": key.alias,
        "user_id": str(key.owner_id) if key.owner_id else None,
        "max_budget": key.max_budget,
        "budget_duration": _WINDOW_AT_GATEWAY.get(key.budget_window),
        "tpm_limit": key.tpm_limit,
        "rpm_limit": key.rpm_limit,
        "max_parallel_requests": key.max_parallel_requests,
        "metadata": {"portal": "litemaas", "portal_key_id": str(key.pk)},
    }
    return body | ({"models": models} if models else {})


def _create(key: ApiKey, row: ApiKeySecret, models: list[str], client: GatewayClient) -> dict[str, Any]:
    """Make the key and read it back: a 200 does not say that the row is ours."""
    body = {name: value for name, value in desired_key(key, models).items() if value is not None}
    # A key that opens nothing is made closed, with a model list that opens nothing either.
    body |= {} if models else {"models": ["no-default-models"]}
    secret = secrets.read_from(row)
    if secret is None:
        raise GatewayNotFound("The gateway lost this key, and its secret is not kept. Rotate it.", status=404)
    if key.expires_at:
        body["duration"] = _duration(key.expires_at)
    # A conflict: an earlier try of ours may have got through after all. The reading below decides.
    with suppress(GatewayConflict):
        client.create_key(key=secret, key_type="llm_api", blocked=_blocked(key, models), **body)
    present = client.get_key(row.token_hash)
    if present is None:
        raise GatewayUnavailable("The gateway confirmed the key but does not know it.")
    return present


def _correct(
    key: ApiKey, row: ApiKeySecret, models: list[str], present: dict[str, Any], client: GatewayClient
) -> None:
    """Change what differs, closing before anything else."""
    blocked = _blocked(key, models)
    if blocked and not present.get("blocked"):
        client.block_key(row.token_hash)
    changes = {
        name: value for name, value in desired_key(key, models).items() if _differs(name, value, present)
    }
    if _expiry_differs(key.expires_at, present.get("expires")):
        changes["duration"] = _duration(key.expires_at) if key.expires_at else "-1"
    if changes:
        client.update_key(row.token_hash, **changes)
    if not blocked and present.get("blocked"):
        client.unblock_key(row.token_hash)


def _blocked(key: ApiKey, models: list[str]) -> bool:
    return key.is_blocked or not models or (key.owner is not None and not key.owner.is_active)


def _differs(name: str, value: Any, present: dict[str, Any]) -> bool:
    there = present.get(name)
    if name == "models":
        return bool(sorted(there or []) != value)
    if isinstance(value, Decimal):
        return there is None or Decimal(str(there)) != value
    return bool(there != value)


def _expiry_differs(wanted: datetime | None, there: str | None) -> bool:
    if wanted is None or there is None:
        return (wanted is None) != (there is None)
    return abs(_moment(there) - wanted) > _EXPIRY_TOLERANCE


def _moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _duration(until: datetime) -> str:
    """From now until then in LiteLLM's words, at least a second: it knows durations only."""
    return f"{max(1, round((until - timezone.now()).total_seconds()))}s"
