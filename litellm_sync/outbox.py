"""Marking objects dirty and bringing the gateway in line with them (architecture.md §1).

A wish is recorded in the transaction of the change. After the commit somebody hurries; a sweep each minute makes sure.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from litellm_sync.client import GatewayClient, gateway
from litellm_sync.errors import GatewayRefused, GatewayUnauthorized, GatewayUnavailable, UnsupportedGateway
from litellm_sync.models import LEASE, Claim, GatewayObject, GatewayObjectQuerySet
from litellm_sync.registry import applier_of
from litemaas import dry_run

log = structlog.get_logger(__name__)

_FIRST_WAIT = timedelta(seconds=2)
# The sweep comes each minute; what may be tried again sooner is asked for with a countdown.
_SWEEP_EVERY = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_ERROR = 500
_ORDER = Case(*(When(kind=kind, then=place) for place, kind in enumerate(GatewayObject.Kind.values)))


def mark_dirty(kind: str, object_ids: UUID | Iterable[UUID], *, now: datetime, hurried: bool = True) -> None:
    """Record that the gateway must be brought in line with these objects. Must run in the transaction of the change.

    `hurried=False` is for callers that apply the object themselves right after the commit: a worker that is asked
    too would only get in their way. If they die, the sweep does it.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A wish must be recorded in the transaction of the change that causes it.")
    ids = sorted({object_ids} if isinstance(object_ids, UUID) else set(object_ids))
    if not ids:
        return
    dry_run.note(kind.upper() if kind != "key" else "API_KEY", ((str(pk), "") for pk in ids))
    fresh = [
        GatewayObject(kind=kind, object_id=pk, requested=0, dirty_since=now, not_before=now) for pk in ids
    ]
    GatewayObject.objects.bulk_create(fresh, ignore_conflicts=True)
    # Locked in one order, or two transactions that touch the same objects could deadlock.
    rows = GatewayObject.objects.filter(kind=kind, object_id__in=ids)
    locked = list(rows.order_by("object_id").select_for_update().values_list("pk", flat=True))
    GatewayObject.objects.filter(pk__in=locked).update(
        requested=F("requested") + 1,
        dirty_since=Case(When(applied=F("requested"), then=now), default=F("dirty_since")),
        not_before=now,
        attempts=0,
        parked_at=None,
    )
    if hurried:
        transaction.on_commit(lambda: hurry(kind, ids), robust=True)


def hurry(kind: str, object_ids: Iterable[UUID], *, after: timedelta | None = None) -> None:
    """Ask the workers to apply these now, or `after` a while. The broker being away loses nothing: the sweep finds
    them."""
    from litellm_sync.tasks import apply_object

    countdown = after.total_seconds() if after else 0.0
    try:
        for object_id in object_ids:
            apply_object.apply_async((kind, str(object_id)), countdown=countdown)
    except (KombuError, RedisError, OSError) as error:
        log.warning("the broker is away, the sweep will do it", error=type(error).__name__)


def claim(
    *,
    now: datetime,
    limit: int = 1,
    only: tuple[str, UUID] | None = None,
    due_since: datetime | None = None,
) -> list[Claim]:
    """Take up to `limit` due objects into our hands, in the order in which the gateway needs them.

    `now` dates the lease; `due_since` narrows to what was due at an earlier moment already.
    """
    lease = uuid4()
    with transaction.atomic():
        due = GatewayObject.objects.due(now)
        if due_since is not None:
            due = due.filter(not_before__lte=due_since)
        if only is not None:
            due = due.filter(kind=only[0], object_id=only[1])
        rows = list(due.order_by(_ORDER, "not_before", "pk").select_for_update(skip_locked=True)[:limit])
        GatewayObject.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease=lease, leased_until=now + LEASE
        )
    return [Claim(row, lease) for row in rows]


def apply(work: Claim, *, client: GatewayClient | None = None) -> bool:
    """Make the gateway match one object. True when it is confirmed; failures are recorded, never lost."""
    try:
        applier_of(work.kind)(work.object_id, client or gateway())
    except GatewayRefused as error:
        # Where our own credential is refused nothing is wrong with the object: it waits for the operator's repair.
        (_postpone if isinstance(error, GatewayUnauthorized) else _park)(work, str(error))
    except (GatewayUnavailable, UnsupportedGateway) as error:
        _postpone(work, str(error))
    except Exception as error:
        # A bug of ours. The wish must survive it, and the trace must be seen.
        _postpone(work, f"{type(error).__name__} in LiteMaaS, see the log")
        raise
    else:
        _mine(work).update(
            applied=work.wish, applied_at=Now(), attempts=0, last_error="", lease=None, leased_until=None
        )
        return True
    return False


def apply_now(kind: str, object_id: UUID, *, client: GatewayClient | None = None) -> bool:
    """Apply one object at once, in this process. False when it failed, True when nothing is left to do for us:
    confirmed, or in somebody else's hands.

    A wish that came in while we applied the one before is applied as well: its own hurry-up found our lease.
    """
    while works := claim(now=timezone.now(), only=(kind, object_id)):
        if not apply(works[0], client=client):
            return False
    return True


def require_applied(kind: str, object_id: UUID, *, client: GatewayClient) -> None:
    """For appliers whose object needs another one in the gateway first. Raises GatewayUnavailable until it is there."""
    if _is_dirty(kind, object_id):
        apply_now(kind, object_id, client=client)
        if _is_dirty(kind, object_id):
            raise GatewayUnavailable(f"The {kind} that this belongs to is not in the gateway yet.")


def drain(*, client: GatewayClient | None = None) -> int:
    """Apply all that is due when it begins; the number of confirmed objects. What fails waits for its next turn.

    One at a time: a lease is only as long as the time-outs of one application.
    """
    started = timezone.now()
    confirmed = 0
    # A lease is dated when it is taken: one dated at the start of a long drain would have run out before its work
    # began. What fails meanwhile is due after the start, or this would never end.
    while works := claim(now=timezone.now(), due_since=started):
        confirmed += sum(apply(work, client=client) for work in works)
    return confirmed


def _is_dirty(kind: str, object_id: UUID) -> bool:
    return GatewayObject.objects.dirty().filter(kind=kind, object_id=object_id).exists()


def _mine(work: Claim) -> "GatewayObjectQuerySet":
    """The row, if the lease is still ours: after it ran out somebody else may have taken over."""
    return GatewayObject.objects.filter(pk=work.row_id, lease=work.lease)


def _postpone(work: Claim, reason: str) -> None:
    row = _mine(work).first()
    if row is None:
        return
    wait = min(_FIRST_WAIT * 2 ** min(row.attempts, 12), _LONGEST_WAIT)
    # Jitter only spreads retries; it guards no secret.
    not_before = timezone.now() + wait * random.uniform(0.5, 1.0)  # noqa: S311
    _mine(work).update(
        attempts=F("attempts") + 1,
        not_before=Case(When(requested=work.wish, then=not_before), default=F("not_before")),
        last_error=reason[:_LONGEST_ERROR],
        lease=None,
        leased_until=None,
    )
    if not_before - timezone.now() < _SWEEP_EVERY:
        hurry(work.kind, [work.object_id], after=max(timedelta(), not_before - timezone.now()))


def _park(work: Claim, reason: str) -> None:
    """Refused for good: shown to operators. A wish that came in meanwhile is tried all the same."""
    _mine(work).filter(Q(requested=work.wish)).update(parked_at=Now(), attempts=F("attempts") + 1)
    _mine(work).update(last_error=reason[:_LONGEST_ERROR], lease=None, leased_until=None)


def retry(rows: "GatewayObjectQuerySet", *, now: datetime) -> int:
    """Put parked or waiting objects back in the queue; how many."""
    with transaction.atomic():
        ids = list(rows.dirty().select_for_update().values_list("pk", "kind", "object_id"))
        GatewayObject.objects.filter(pk__in=[row[0] for row in ids]).update(
            parked_at=None, attempts=0, not_before=now
        )
        for _pk, kind, object_id in ids:
            transaction.on_commit(lambda k=kind, o=object_id: hurry(k, [o]), robust=True)  # type: ignore[misc]
    return len(ids)
