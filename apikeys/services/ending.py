"""Ending keys, and stopping them for a while."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import audit
from accounts.models import SYSTEM, Actor
from apikeys import policies, telling
from apikeys.errors import KeyEnded
from apikeys.models import ApiKey, ApiKeySecret
from apikeys.services.reaching import locked_key
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from litemaas import dry_run, errors


@transaction.atomic(durable=True)
def revoke_api_key(*, actor: Actor, key_id: UUID | str, reason: str = "", now: datetime) -> ApiKey:
    """Stop a key for good. Revoking a revoked key changes nothing."""
    key = locked_key(actor, key_id)
    if not policies.may_revoke(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:delete")
    if not key.is_revoked:
        _end(key, now)
        key.save(update_fields=["revoked_at", "updated_at"])
        _record("REVOKE", actor, key, reason, now)
        telling.tell_of_act(key, telling.REVOKED, actor=actor, reason=reason, now=now)
        outbox.mark_dirty("key", key.pk, now=now)
    return key


@transaction.atomic(durable=True)
def delete_api_key(*, actor: Actor, key_id: UUID | str, reason: str = "", now: datetime) -> ApiKey:
    """Revoke a key and take it off every list. The row stays, so that its usage keeps its owner."""
    key = locked_key(actor, key_id)
    if not policies.may_revoke(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:delete")
    was_revoked = key.is_revoked
    if not was_revoked:
        _end(key, now)
    key.deleted_at = key.updated_at = now
    key.save(update_fields=["revoked_at", "deleted_at", "updated_at"])
    _record("DELETE", actor, key, reason, now)
    if not was_revoked:
        telling.tell_of_act(key, telling.REVOKED, actor=actor, reason=reason, now=now)
        outbox.mark_dirty("key", key.pk, now=now)
    return key


def _end(key: ApiKey, now: datetime) -> None:
    """A revoked key's secrets are of no use to anybody any more, so they are not kept."""
    # Never before the creation, even if another machine's clock was ahead.
    key.revoked_at = key.updated_at = max(now, key.created_at)
    ApiKeySecret.objects.filter(api_key=key).update(sealed=None)


def _record(verb: str, actor: Actor, key: ApiKey, reason: str, now: datetime) -> None:
    is_others = key.owner_id != actor.pk and actor.may("admin:api_keys")
    action = f"ADMIN_{verb}_API_KEY" if is_others and actor is not SYSTEM else f"API_KEY_{verb}"
    audit.record(
        action, actor=actor, obj=key, at=now, metadata={"reason": reason.strip()[:500]} if reason else None
    )


@transaction.atomic(durable=True)
def withdraw_refused_key(key: ApiKey) -> str | None:
    """Take back a new key that the gateway refuses for good: its reason. None when it was not refused."""
    wish = GatewayObject.objects.filter(kind="key", object_id=key.pk, parked_at__isnull=False).first()
    if wish is None:
        return None
    now = timezone.now()
    held = ApiKey.objects.select_for_update(of=("self",), no_key=True).get(pk=key.pk)
    reason = wish.last_error
    if not held.is_revoked:
        _end(held, now)
        held.deleted_at = held.revoked_at
        held.save(update_fields=["revoked_at", "deleted_at", "updated_at"])
        _record("DELETE", SYSTEM, held, f"The gateway refused it: {reason}", now)
        # Whatever part of it got through is taken away.
        outbox.mark_dirty("key", held.pk, now=now)
    return reason


def clean_up_expired_keys(*, actor: Actor, now: datetime) -> int:
    """Take the keys that have expired from the gateway, and forget their secrets; how many."""
    if not policies.may_block(actor):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    due = ApiKey.objects.filter(revoked_at__isnull=True, expires_at__lte=now).order_by("pk")
    return sum(_clean_up(pks, actor, now) for pks in batched(due.values_list("pk", flat=True)))


@transaction.atomic(durable=True)
def _clean_up(pks: list[UUID], actor: Actor, now: datetime) -> int:
    rows = ApiKey.objects.filter(pk__in=pks, revoked_at__isnull=True, expires_at__lte=now)
    held = list(rows.order_by("pk").select_for_update(no_key=True, skip_locked=True))
    ids = [key.pk for key in held]
    if not ids:
        return 0
    # It ended when it expired, not when somebody tidied up.
    ended = Greatest(F("expires_at"), F("created_at"))
    ApiKey.objects.filter(pk__in=ids).update(revoked_at=ended, updated_at=now)
    ApiKeySecret.objects.filter(api_key__in=ids).update(sealed=None)
    audit.record(
        "API_KEYS_CLEANUP",
        actor=actor,
        resource=("API_KEY_OPERATION", ""),
        at=now,
        metadata={"count": len(ids), "keys": [str(pk) for pk in ids]},
    )
    dry_run.note("API_KEY", [(str(key.pk), key.name) for key in held])
    outbox.mark_dirty("key", ids, now=now)
    return len(ids)


def batched(ids: Iterable[UUID], size: int = 500) -> Iterator[list[UUID]]:
    """In groups, each for a transaction of its own."""
    rest = list(ids)
    for first in range(0, len(rest), size):
        yield rest[first : first + size]


@transaction.atomic(durable=True)
def block_api_key(*, actor: Actor, key_id: UUID | str, reason: str, now: datetime) -> ApiKey:
    """Stop a key until it is unblocked."""
    return set_blocked(actor, key_id, True, reason, "API_KEY_BLOCK", now)


@transaction.atomic(durable=True)
def unblock_api_key(*, actor: Actor, key_id: UUID | str, now: datetime) -> ApiKey:
    """Let a blocked key work again."""
    return set_blocked(actor, key_id, False, "", "API_KEY_UNBLOCK", now)


def set_blocked(
    actor: Actor, key_id: UUID | str, blocked: bool, reason: str, action: str, now: datetime
) -> ApiKey:
    """In the caller's transaction."""
    key = locked_key(actor, key_id)
    if not policies.may_block(actor):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    if not key.is_live(now):
        raise KeyEnded
    if key.is_blocked != blocked:
        key.is_blocked, key.blocked_reason, key.updated_at = blocked, reason.strip()[:500], now
        key.save(update_fields=["is_blocked", "blocked_reason", "updated_at"])
        audit.record(action, actor=actor, obj=key, at=now, metadata={"reason": key.blocked_reason})
        act = telling.BLOCKED if blocked else telling.UNBLOCKED
        telling.tell_of_act(key, act, actor=actor, reason=key.blocked_reason, now=now)
        outbox.mark_dirty("key", key.pk, now=now)
    return key
