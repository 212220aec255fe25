"""Rows that could not be counted, tried again."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import Actor
from litemaas import errors
from litemaas.months import month_of
from usage import events
from usage.broken_lines import is_enough
from usage.fields import BadRow
from usage.ledger import Counts, write_rows
from usage.models import UsageReject
from usage.partitions import closed_months
from usage.rows import read_row

_AT_ONCE = 5_000


@transaction.atomic
def replay_rejects(
    *, actor: Actor, now: datetime, ids: Sequence[int] | None = None, reason: str | None = None
) -> Counts:
    """Read set-aside rows again, all of them or those named; what can be counted now is booked and leaves.

    `rejected` of the answer are those that stay. At most 5,000 at once.
    """
    if not actor.may("admin:usage:write"):
        raise errors.Forbidden(requiredPermission="admin:usage:write")
    rejects = UsageReject.objects.order_by("id").select_for_update(skip_locked=True)
    if ids is not None:
        rejects = rejects.filter(pk__in=ids)
    if reason is not None:
        rejects = rejects.filter(reason=reason)
    waiting = list(rejects[:_AT_ONCE])
    closed = closed_months()
    good = []
    for reject in waiting:
        why = _why_not(reject, now, closed)
        if why is None:
            good.append(reject)
        elif why != reject.reason:
            reject.reason = why
            reject.save(update_fields=["reason"])
    counts = write_rows((reject.row for reject in good), now=now)
    UsageReject.objects.filter(pk__in=[reject.pk for reject in good]).delete()
    if good:
        facts = {"booked": counts.added, "known": counts.known}
        audit.record("USAGE_REPLAY", actor=actor, resource=("USAGE_LOG", ""), at=now, metadata=facts)
    return counts + Counts(read=len(waiting) - len(good), rejected=len(waiting) - len(good))


def _why_not(reject: UsageReject, now: datetime, closed: set[datetime]) -> str | None:
    """The reason for which it can't be counted now."""
    if not is_enough(reject.row):
        return reject.reason
    try:
        read = events.read_event if events.is_event(reject.row) else read_row
        return "its month is closed" if month_of(read(reject.row, now=now).started_at) in closed else None
    except BadRow as error:
        return str(error)
