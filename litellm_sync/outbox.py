"""Marking objects dirty and bringing the gateway in line with them (architecture.md §1).

A wish is recorded in the transaction of the change. After the commit somebody hurries; a sweep each minute makes sure.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from litellm_sync.delivery import apply, apply_now, claim, claim_one, first_wish, require_applied
from litellm_sync.draining import drain
from litellm_sync.hurrying import hurry, hurry_sweep
from litellm_sync.models import GatewayObject, GatewayObjectQuerySet
from litellm_sync.wishes import note
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
    "mark_together",
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
    ids = {object_ids} if isinstance(object_ids, UUID) else set(object_ids)
    mark_together({kind: ids}, hurried=[kind] if hurried else [], bulk=bulk, now=now)


def mark_together(
    wishes: Mapping[str, Iterable[UUID]],
    *,
    hurried: Collection[str],
    bulk: bool | None = None,
    now: datetime,
) -> None:
    """The same for objects of several kinds, by one statement. `hurried` are the kinds to be applied soon: what they
    need first comes with them."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A wish must be recorded in the transaction of the change that causes it.")
    marked = sorted({(kind, pk) for kind, ids in wishes.items() for pk in ids})
    if not marked:
        return
    for kind, pk in marked:
        dry_run.note(kind.upper() if kind != "key" else "API_KEY", [(str(pk), "")])
    is_bulk = len(marked) > MANY if bulk is None else bulk
    lane = GatewayObject.Lane.BULK if is_bulk else GatewayObject.Lane.FRESH
    run_prepared(_MARK, [lane, now, now, [kind for kind, _pk in marked], [pk for _kind, pk in marked]])
    note({kind for kind, _pk in marked})
    soon = [(kind, [pk for other, pk in marked if other == kind]) for kind in hurried]
    if is_bulk and hurried:
        transaction.on_commit(hurry_sweep, robust=True)
    elif hurried:
        transaction.on_commit(lambda: _hurry_all(soon), robust=True)


def _hurry_all(soon: list[tuple[str, list[UUID]]]) -> None:
    for kind, ids in soon:
        hurry(kind, ids)


# A new object's first wish, or one more. Rows are locked in the order of kinds and ids, or two transactions that touch
# the same objects could deadlock. A clean object takes the lane and the time of this wish; a dirty one waits on where it
# was.
_MARK = """
    INSERT INTO gateway_objects AS o
        (kind, object_id, lane, dirty_since, not_before, requested, applied, attempts, last_error)
    SELECT kind, id, %s::smallint, %s::timestamptz, %s::timestamptz, 1, 0, 0, ''
    FROM unnest(%s::text[], %s::uuid[]) AS wish (kind, id) ORDER BY kind, id
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
