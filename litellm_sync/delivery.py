"""One wish on its way to the gateway: claim it, apply it, and record how that went."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from litellm_sync.client import GatewayClient, gateway
from litellm_sync.errors import (
    GatewayRefused,
    GatewayResting,
    GatewayUnauthorized,
    GatewayUnavailable,
    UnsupportedGateway,
)
from litellm_sync.hurrying import hurry, hurry_sweep
from litellm_sync.models import LEASE, Claim, GatewayObject, GatewayObjectQuerySet
from litellm_sync.registry import Act, batch_of, prepare
from litemaas import dry_run
from litemaas.api.statements import Change

_FIRST_WAIT = timedelta(seconds=2)
# The sweep comes each minute; what may be tried again sooner is asked for with a countdown.
_SWEEP_EVERY = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(hours=1)
# How long the breaker rests: asking it again earlier is no use.
BREAKER_RESTS = timedelta(seconds=10)
_LONGEST_ERROR = 500
# How long the objects of a batch may wait for each other. A change that comes in meanwhile waits as long.
BATCH_LASTS = timedelta(seconds=5)


def claim(*, now: datetime, limit: int = 1) -> list[Claim]:
    """Take up to `limit` due objects into our hands: fresh ones first, then in the order in which the gateway needs them.

    `now` dates the lease.
    """
    with transaction.atomic():
        return _take(_next(GatewayObject.objects.due(now), limit), now + LEASE)


def claim_one(kind: str, object_id: UUID, *, now: datetime) -> Claim | None:
    """Take this object into our hands if it is due."""
    lease = uuid4()
    mine = {"kind": kind, "object_id": object_id, "now": now, "lease": lease, "until": now + LEASE}
    for row in _ONE_CLAIMED.rows(None, mine):
        return Claim(GatewayObject(kind=kind, object_id=object_id, **row), lease)
    return None


_ONE_CLAIMED = Change(
    lambda _shape, values: GatewayObject.objects.due(values["now"]).filter(
        kind=values["kind"], object_id=values["object_id"]
    ),
    lambda values: {"lease": values["lease"], "leased_until": values["until"]},
    returning=("id", "requested", "lane"),
)


# As the index has it, so that a claim costs the same in front of twenty rows and of twenty thousand.
_TURN = ("lane", "place", "not_before", "pk")


def claim_batch(*, now: datetime) -> list[Claim]:
    """Take the next objects, as many of one kind as are prepared at once. Nobody begins with the last of them later than
    `BATCH_LASTS` after this, so the lease of each still outlives its own time-outs."""
    with transaction.atomic():
        due = GatewayObject.objects.due(now)
        # Locking more than is taken would send away threads that come meanwhile, as if nothing were left.
        kind = due.order_by(*_TURN).values_list("kind", flat=True).first()
        rows = _next(due, batch_of(kind)) if kind is not None else []
        batch = [row for row in rows if (row.kind, row.lane) == (rows[0].kind, rows[0].lane)]
        batch = batch[: batch_of(batch[0].kind)] if batch else []
        return _take(batch, now + LEASE + (BATCH_LASTS if len(batch) > 1 else timedelta()))


def _next(due: GatewayObjectQuerySet, limit: int) -> list[GatewayObject]:
    rows = due.order_by(*_TURN).select_for_update(skip_locked=True)
    return list(rows[:limit])


def _take(rows: list[GatewayObject], until: datetime) -> list[Claim]:
    lease = uuid4()
    if rows:
        mine = GatewayObject.objects.filter(pk__in=[row.pk for row in rows])
        mine.update(lease=lease, leased_until=until)
    return [Claim(row, lease) for row in rows]


def first_wish(kind: str, object_id: UUID, *, now: datetime) -> tuple[GatewayObject, UUID]:
    """The first wish for an object that is made in this transaction, to be saved with it, and our lease on it.

    For whoever applies it right after the commit. If they die the lease runs out and the sweep does it.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A wish must be recorded in the transaction of the change that causes it.")
    dry_run.note(kind.upper() if kind != "key" else "API_KEY", [(str(object_id), "")])
    lease = uuid4()
    row = GatewayObject(
        kind=kind,
        object_id=object_id,
        dirty_since=now,
        not_before=now,
        lease=lease,
        leased_until=timezone.now() + LEASE,
    )
    return row, lease


def apply(work: Claim, act: Act | None = None, *, client: GatewayClient | None = None) -> bool:
    """Make the gateway match one object: by `act` where the caller has what it needs in hand.

    True when it is confirmed; failures are recorded, never lost.
    """
    is_done = attempt(work, act, client=client or gateway())
    if is_done:
        confirm([work])
    return is_done


def attempt(work: Claim, act: Act | None, *, client: GatewayClient) -> bool:
    """Do what was prepared for the object, or prepare it now. True when the gateway has it: `confirm` that. Failures are
    recorded."""
    try:
        act = act or prepare(work.kind, [work.object_id]).get(work.object_id)
        if act is not None:
            act(client)
    except GatewayRefused as error:
        # Where our own credential is refused nothing is wrong with the object: it waits for the operator's repair.
        (_postpone if isinstance(error, GatewayUnauthorized) else _park)(work, str(error))
    except GatewayResting as error:
        _put_back(work, str(error))
    except (GatewayUnavailable, UnsupportedGateway) as error:
        _postpone(work, str(error))
    except Exception as error:
        # A bug of ours. The wish must survive it, and the trace must be seen.
        _postpone(work, f"{type(error).__name__} in LiteMaaS, see the log")
        raise
    else:
        return True
    return False


def confirm(works: Iterable[Claim]) -> bool:
    """Record what the gateway has, as far as the leases are still ours. A statement for each number of wishes.

    True when nothing more is wished of them.
    """
    done, wanted = 0, 0
    same: dict[tuple[UUID, int], list[int]] = {}
    for work in works:
        same.setdefault((work.lease, work.wish), []).append(work.row_id)
    for (lease, wish), row_ids in same.items():
        ids = dict(zip(map(str, count()), row_ids, strict=False))
        rows = _CONFIRMED.rows(len(row_ids), {"lease": lease, "wish": wish, **ids})
        wanted += len(row_ids)
        done += sum(row["requested"] == wish for row in rows)
    return done == wanted


_CONFIRMED = Change(
    lambda size, values: GatewayObject.objects.filter(
        pk__in=[values[str(number)] for number in range(size)], lease=values["lease"]
    ),
    lambda values: {
        "applied": values["wish"],
        "applied_at": Now(),
        "attempts": 0,
        "last_error": "",
        "lease": None,
        "leased_until": None,
    },
    returning=("requested",),
)


def give_back(works: Iterable[Claim]) -> None:
    """Let go of what was not begun with: anybody may take it at once."""
    for lease, row_ids in _by_lease(works).items():
        GatewayObject.objects.filter(pk__in=row_ids, lease=lease).update(lease=None, leased_until=None)


def _by_lease(works: Iterable[Claim]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for work in works:
        found.setdefault(work.lease, []).append(work.row_id)
    return found


def apply_now(kind: str, object_id: UUID, *, client: GatewayClient | None = None) -> bool:
    """Apply one object at once, in this process. False when it failed, True when nothing is left to do for us:
    confirmed, or in somebody else's hands.

    A wish that came in while we applied the one before is applied as well: its own hurry-up found our lease.
    A rehearsal asks the gateway nothing.
    """
    if dry_run.is_rehearsing():
        return True
    while work := claim_one(kind, object_id, now=timezone.now()):
        if not attempt(work, None, client=client or gateway()):
            return False
        if confirm([work]):
            break
    return True


def require_applied(kind: str, object_id: UUID, *, client: GatewayClient) -> None:
    """For appliers whose object needs another one in the gateway first. Raises GatewayUnavailable until it is there."""
    if _is_dirty(kind, object_id):
        apply_now(kind, object_id, client=client)
        if _is_dirty(kind, object_id):
            raise GatewayUnavailable(_("What this belongs to is not in the gateway yet."))


def _is_dirty(kind: str, object_id: UUID) -> bool:
    return GatewayObject.objects.dirty().filter(kind=kind, object_id=object_id).exists()


def _mine(work: Claim) -> GatewayObjectQuerySet:
    """The row, if the lease is still ours: after it ran out somebody else may have taken over."""
    return GatewayObject.objects.filter(pk=work.row_id, lease=work.lease)


def _postpone(work: Claim, reason: str) -> None:
    """It may work later: wait longer after each failure, up to an hour."""
    row = _mine(work).first()
    if row is None:
        return
    # Jitter only spreads retries; it guards no secret.
    wait = min(_FIRST_WAIT * 2 ** min(row.attempts, 12), _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311
    _wait(work, timezone.now() + wait, reason, attempts=row.attempts + 1)
    if wait < _SWEEP_EVERY:
        hurry(work.kind, [work.object_id], after=wait)


def _put_back(work: Claim, reason: str) -> None:
    """The gateway was not even asked, so this was no attempt: an outage must not push the object into the next hour."""
    wait = BREAKER_RESTS * random.uniform(0.5, 1.0)  # noqa: S311
    _wait(work, timezone.now() + wait, reason)
    hurry_sweep(after=BREAKER_RESTS)


def _wait(work: Claim, until: datetime, reason: str, **changes: int) -> None:
    _mine(work).update(
        # A wish that came in meanwhile is due at once.
        not_before=Case(When(requested=work.wish, then=until), default=F("not_before")),
        last_error=reason[:_LONGEST_ERROR],
        lease=None,
        leased_until=None,
        **changes,
    )


def _park(work: Claim, reason: str) -> None:
    """Refused for good: shown to operators. A wish that came in meanwhile is tried all the same."""
    _mine(work).filter(Q(requested=work.wish)).update(parked_at=Now(), attempts=F("attempts") + 1)
    _mine(work).update(last_error=reason[:_LONGEST_ERROR], lease=None, leased_until=None)
