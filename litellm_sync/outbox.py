"""Marking objects dirty and bringing the gateway in line with them (architecture.md §1).

A wish is recorded in the transaction of the change. After the commit somebody hurries; a sweep each minute makes sure.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from litellm_sync.delivery import apply, apply_now, claim, claim_one, first_wish, require_applied
from litellm_sync.draining import drain
from litellm_sync.hurrying import hurry, hurry_sweep
from litellm_sync.models import GatewayObject, GatewayObjectQuerySet
from litemaas import dry_run
from litemaas.api.statements import run_prepared

__all__ = [
    "apply",
    "apply_now",
    "claim",
    "claim_one",
    "drain",
    "drop",
    "first_wish",
    "is_long",
    "mark_dirty",
    "require_applied",
    "retry",
]

# A change of more objects than this goes into the slow lane: nobody waits for the last of them, and the few changes
# that somebody does wait for pass by.
MANY = 20
# A second sweep is worth its connections from here on.
_LONG = 200


def mark_dirty(
    kind: str,
    object_ids: UUID | Iterable[UUID],
    *,
    now: datetime,
    hurried: bool = True,
    bulk: bool | None = None,
) -> None:
    """Record that the gateway must be brought in line with these objects. Must run in the transaction of the change.

    `hurried=False` is for callers that apply the object themselves right after the commit: a worker that is asked
    too would only get in their way. If they die, the sweep does it. `bulk` says that nobody waits for it; left out, the
    number of objects decides.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A wish must be recorded in the transaction of the change that causes it.")
    ids = sorted({object_ids} if isinstance(object_ids, UUID) else set(object_ids))
    if not ids:
        return
    dry_run.note(kind.upper() if kind != "key" else "API_KEY", ((str(pk), "") for pk in ids))
    is_bulk = len(ids) > MANY if bulk is None else bulk
    lane = GatewayObject.Lane.BULK if is_bulk else GatewayObject.Lane.FRESH
    run_prepared(_MARK, [kind, lane, now, now, ids])
    if hurried:
        transaction.on_commit(hurry_sweep if is_bulk else lambda: hurry(kind, ids), robust=True)


# A new object's first wish, or one more. Rows are locked in the order of their ids, or two transactions that touch the
# same objects could deadlock. A clean object takes the lane and the time of this wish; a dirty one waits on where it was.
_MARK = """
    INSERT INTO gateway_objects AS o
        (kind, object_id, lane, dirty_since, not_before, requested, applied, attempts, last_error)
    SELECT %s, id, %s::smallint, %s::timestamptz, %s::timestamptz, 1, 0, 0, '' FROM unnest(%s::uuid[]) id ORDER BY id
    ON CONFLICT (kind, object_id) DO UPDATE SET
        requested = o.requested + 1,
        lane = CASE WHEN o.applied = o.requested THEN excluded.lane ELSE least(o.lane, excluded.lane) END,
        dirty_since = CASE WHEN o.applied = o.requested THEN excluded.dirty_since ELSE o.dirty_since END,
        not_before = excluded.not_before, attempts = 0, parked_at = NULL, dropped_at = NULL
"""


def is_long(*, now: datetime) -> bool:
    """Whether more is due than one sweep gets done in some seconds."""
    return GatewayObject.objects.due(now)[_LONG : _LONG + 1].exists()


def retry(rows: GatewayObjectQuerySet, *, now: datetime) -> int:
    """Put parked, dropped or waiting objects back in the queue; how many."""
    with transaction.atomic():
        ids = list(rows.dirty().select_for_update().values_list("pk", "kind", "object_id"))
        GatewayObject.objects.filter(pk__in=[row[0] for row in ids]).update(
            parked_at=None, dropped_at=None, attempts=0, not_before=now
        )
        if len(ids) > MANY:
            transaction.on_commit(hurry_sweep, robust=True)
        else:
            for _pk, kind, object_id in ids:
                transaction.on_commit(lambda k=kind, o=object_id: hurry(k, [o]), robust=True)  # type: ignore[misc]
    return len(ids)


def drop(rows: GatewayObjectQuerySet, *, now: datetime) -> int:
    """Give up wishes that the gateway refused for good; how many. The objects stay in error until their next change, and
    the reconciler reports them without repairing them. What may still succeed can't be dropped."""
    return rows.parked().update(dropped_at=now)
