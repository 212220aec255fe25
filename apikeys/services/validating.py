"""Whose a secret is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.portal_keys import KeyHolder
from apikeys import secrets
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret


@dataclass(frozen=True)
class KeyFacts:
    """A key by one of its secrets. `reason` says why it does not work, "" when it does; `models` is what it opens."""

    key: ApiKey | None
    models: list[str]
    reason: str


def find_key_by_secret(secret: str, *, now: datetime) -> KeyFacts:
    """Look a secret up by its hash. What the gateway says of it is not asked."""
    row = (
        ApiKeySecret.objects.filter(token_hash=secrets.token_hash(secret))
        .select_related("api_key", "api_key__owner", "api_key__team")
        .first()
    )
    if row is None:
        return KeyFacts(None, [], "unknown")
    links = ApiKeyModel.objects.effective().filter(api_key=row.api_key_id)
    models = sorted(links.values_list("model_id", flat=True))
    return KeyFacts(row.api_key, models, _reason(row, models, now))


def _reason(row: ApiKeySecret, models: list[str], now: datetime) -> str:
    key = row.api_key
    if key.is_expired(now):
        return "expired"
    if key.is_revoked:
        return "revoked"
    if row.retired_at is not None or (
        row.valid_until is not None and row.valid_until <= now and _is_replaced(row)
    ):
        return "rotated"
    if key.is_blocked:
        return "blocked"
    if key.owner is not None and not key.owner.is_active:
        return "owner inactive"
    return "" if models else "opens no model"


def _is_replaced(row: ApiKeySecret) -> bool:
    """The former secret works on until the gateway has the new one."""
    confirmed = Q(superseded_at__isnull=True, confirmed_at__isnull=False)
    return ApiKeySecret.objects.filter(confirmed, api_key=row.api_key_id).exists()


def find_holder(token_hash: str, now: datetime) -> KeyHolder | None:
    """Whose key works on the portal's own API, and what it may there (contract §7.3). One statement.

    Either secret of a rotation, until its time is over; of no service key, which acts for nobody.
    """
    return _holder(now, token_hash=token_hash)


def find_holder_by_id(key_id: UUID, now: datetime) -> KeyHolder | None:
    """The same for a key by its id. One statement."""
    return _holder(now, api_key_id=key_id)


def _holder(now: datetime, **which: str | UUID) -> KeyHolder | None:
    in_time = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    alive = Q(api_key__expires_at__isnull=True) | Q(api_key__expires_at__gt=now)
    found = (
        ApiKeySecret.objects.live()
        .filter(in_time, alive, api_key__owner__isnull=False, **which)
        .filter(api_key__revoked_at__isnull=True, api_key__is_blocked=False)
        .values_list("api_key_id", "api_key__owner_id", "api_key__portal_permissions")
        .first()
    )
    return KeyHolder(found[0], found[1], frozenset(found[2])) if found else None
