"""The record of acts. Call it inside the act's transaction, so that both happen or neither."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.models import Actor, AuditEvent, User
from litemaas import context, dry_run
from litemaas.redaction import redact, redact_text


def record(
    action: str,
    *,
    actor: Actor | None,
    obj: Model | None = None,
    resource: tuple[str, str] | None = None,
    at: datetime | None = None,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    error: str = "",
) -> AuditEvent:
    """Write one row. `action` is a code of the REST contract §16; `obj` or `resource=(type, id)` says on what.

    `old` and `new` hold the changed fields as JSON values; `error` marks a refused attempt. Secrets are masked here
    as a last defence; callers do not pass them.
    """
    request = context.current()
    kind, key = resource or _resource_of(obj)
    if not error:
        dry_run.note(kind, [(key, str(obj) if obj is not None else "")])
    return AuditEvent.objects.create(
        at=at or timezone.now(),
        actor=actor if isinstance(actor, User) else None,
        actor_name=actor.username if actor else "",
        credential=request.credential,
        action=action,
        resource_type=kind,
        resource_id=key,
        success=not error,
        error_message=redact_text(error),
        metadata=redact(metadata or {}),
        old_values=redact(old) if old is not None else None,
        new_values=redact(new) if new is not None else None,
        ip_address=request.address,
        user_agent=request.user_agent,
        request_id=request.request_id,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What one act did to one of many rows. `resource` is (type, id)."""

    resource: tuple[str, str]
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None


_AT_ONCE = 2_000


def record_many(
    action: str,
    *,
    actor: Actor | None,
    changes: Iterable[Change],
    at: datetime,
    metadata: dict[str, Any] | None = None,
) -> None:
    """One row for each of the changes of one act, with few statements however many there are."""
    request = context.current()
    masked = redact(metadata or {})
    AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                at=at,
                actor=actor if isinstance(actor, User) else None,
                actor_name=actor.username if actor else "",
                credential=request.credential,
                action=action,
                resource_type=change.resource[0],
                resource_id=change.resource[1],
                metadata=masked,
                old_values=redact(change.old) if change.old is not None else None,
                new_values=redact(change.new) if change.new is not None else None,
                ip_address=request.address,
                user_agent=request.user_agent,
                request_id=request.request_id,
            )
            for change in changes
        ),
        batch_size=_AT_ONCE,
    )


def _resource_of(obj: Model | None) -> tuple[str, str]:
    if obj is None:
        return "SYSTEM_SETTINGS", ""
    return getattr(obj, "audit_type", obj._meta.model_name or "").upper(), str(obj.pk)
