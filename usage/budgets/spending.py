"""What budgets' holders have spent in their windows, from the ledger: one statement per kind and window."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from usage.budgets.holders import DIMENSION_OF, Holder, by_window
from usage.cubes.answers import groups_between
from usage.models import BudgetKind
from usage.questions import Filters

_QUARTER = timedelta(minutes=15)
# Up to so many holders are looked up one by one; more are cheaper in one sweep over everybody.
_FEW = 200
Spends = dict[tuple[BudgetKind, UUID], Decimal]


def spend_of(holders: Sequence[Holder], *, now: datetime) -> Spends:
    """Costs since each holder's window began, in US dollars; 0 for those that used nothing."""
    found: Spends = {(one.kind, one.id): Decimal(0) for one in holders}
    for (kind, start, end), group in by_window(holders).items():
        until = min(end, quarter_after(now)) if end else quarter_after(now)
        if start >= until:
            continue
        found |= spend_between(kind, [one.id for one in group], start, until, now=now)
    return found


def spend_between(
    kind: BudgetKind, ids: Sequence[UUID], start: datetime, end: datetime, *, now: datetime
) -> Spends:
    """The costs of those that used something."""
    dimension, wanted = DIMENSION_OF[kind], set(ids)
    filters = Filters(**{dimension: list(ids)}) if len(wanted) <= _FEW else Filters()  # type: ignore[arg-type]
    groups = groups_between(start, end, (dimension,), now=now, filters=filters)
    return {(kind, g.labels[0]): g.figures.cost for g in groups if g.labels[0] in wanted}  # type: ignore[misc]


def quarter_after(now: datetime) -> datetime:
    """The end of the present quarter of an hour, and a day on: the gateway's clock may be ahead."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + ((now - day) // _QUARTER + 1) * _QUARTER + timedelta(days=1)
