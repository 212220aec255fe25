"""Rows that could not be counted, tried again."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from accounts import audit
from accounts.models import Actor
from litemaas import errors
from litemaas.locks import hold_until_commit
from litemaas.months import month_of
from usage import events
from usage.broken_lines import is_enough
from usage.fields import BadRow
from usage.ledger import CLOSED, LOCK, SUMMED, Counts, summed_days, write_rows
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
    # Until the end nothing changes what can be counted: a row that leaves here must be in the ledger.
    hold_until_commit(LOCK)
    rejects = UsageReject.objects.order_by("id").select_for_update(skip_locked=True)
    if ids is not None:
        rejects = rejects.filter(pk__in=ids)
    if reason is not None:
        rejects = rejects.filter(reason=reason)
    waiting = list(rejects[:_AT_ONCE])
    closed, summed = closed_months(), summed_days()
    good = []
    for reject in waiting:
        why = _why_not(reject, now, closed, summed)
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


def _why_not(reject: UsageReject, now: datetime, closed: set[datetime], summed: set[date]) -> str | None:
    """The reason for which it can't be counted now."""
    if not is_enough(reject.row):
        return reject.reason
    try:
        read = events.read_event if events.is_event(reject.row) else read_row
        started_at = read(reject.row, now=now).started_at
    except BadRow as error:
        return str(error)
    if month_of(started_at) in closed:
        return CLOSED
    return SUMMED if started_at.date() in summed else None
