"""Writing rows of the record. They are chained afterwards, so that no act waits for another one (`sealing`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from accounts.audit.models import AuditEvent
from accounts.audit.partitions import ensure_month
from accounts.models import Actor, User
from litemaas import context, dry_run
from litemaas.redaction import redact, redact_text

_AT_ONCE = 2_000
Values = dict[str, Any]


def record(
    action: str,
    *,
    actor: Actor | None,
    obj: Model | None = None,
    resource: tuple[str, str] | None = None,
    at: datetime | None = None,
    old: Values | None = None,
    new: Values | None = None,
    metadata: Values | None = None,
    error: str = "",
) -> AuditEvent:
    """Write one row. `action` is a code of the REST contract §16; `obj` or `resource=(type, id)` says on what.

    `old` and `new` hold fields as JSON values; those that are equal in both are left out. `error` marks a refused
    attempt. Secrets are masked here as a last defence; callers do not pass them.
    """
    kind, key = resource or _resource_of(obj)
    if not error:
        dry_run.note(kind, [(key, str(obj) if obj is not None else "")])
    event = _event(action, actor, (kind, key), at or timezone.now(), old, new)
    event.success, event.error_message = not error, redact_text(error)
    event.metadata = redact(metadata or {})
    ensure_month(event.at)
    event.save(force_insert=True)
    return event


def draft(
    action: str,
    *,
    actor: Actor,
    obj: Model,
    at: datetime,
    new: Values | None = None,
    metadata: Values | None = None,
) -> AuditEvent:
    """The unsaved row of `record`, for who saves it together with other rows. A rehearsal is not told of it."""
    event = _event(action, actor, _resource_of(obj), at, None, new)
    event.metadata = redact(metadata or {})
    ensure_month(event.at)
    return event


@dataclass(frozen=True, slots=True)
class Change:
    """What one act did to one of many rows. `resource` is (type, id)."""

    resource: tuple[str, str]
    old: Values | None = None
    new: Values | None = None


def record_many(
    action: str,
    *,
    actor: Actor | None,
    changes: Iterable[Change],
    at: datetime,
    metadata: Values | None = None,
) -> None:
    """One row for each of the changes of one act, with few statements however many there are."""
    masked = redact(metadata or {})
    ensure_month(at)
    changes = list(changes)
    for kind in {change.resource[0] for change in changes}:
        dry_run.note(kind, ((c.resource[1], "") for c in changes if c.resource[0] == kind))
    events = [_event(action, actor, change.resource, at, change.old, change.new) for change in changes]
    for event in events:
        event.metadata = masked
    AuditEvent.objects.bulk_create(events, batch_size=_AT_ONCE)


def _event(
    action: str,
    actor: Actor | None,
    resource: tuple[str, str],
    at: datetime,
    old: Values | None,
    new: Values | None,
) -> AuditEvent:
    request = context.current()
    before, after = _changed(old, new)
    return AuditEvent(
        at=at,
        actor=actor if isinstance(actor, User) else None,
        actor_name=actor.username if actor else "",
        credential=request.credential,
        action=action,
        resource_type=resource[0],
        resource_id=resource[1][:255],
        old_values=before,
        new_values=after,
        ip_address=request.address,
        user_agent=request.user_agent,
        request_id=request.request_id,
    )


def _changed(old: Values | None, new: Values | None) -> tuple[Values | None, Values | None]:
    """Both without what is equal, masked."""
    if old is not None and new is not None:
        same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
        old = {name: value for name, value in old.items() if name not in same}
        new = {name: value for name, value in new.items() if name not in same}
    return (redact(old) if old is not None else None), (redact(new) if new is not None else None)


def _resource_of(obj: Model | None) -> tuple[str, str]:
    if obj is None:
        return "SYSTEM_SETTINGS", ""
    return getattr(obj, "audit_type", obj._meta.model_name or "").upper(), str(obj.pk)
