"""How far figures can be trusted: up to when the gateway was read, and which days were not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import Max

from usage.cubes.statements import fetch
from usage.models import UsageTrust
from usage.periods import Period
from usage.rows import SOURCE

_SPANS = """
SELECT begun_at, position, moved_at FROM usage_cursors WHERE source = %s
UNION ALL SELECT start, "end", NULL FROM usage_backfilled_windows WHERE source = %s
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the answer can be trusted. `as_of` None: nothing was ever read from the gateway.

    `trust` is the worst that the last comparison with the gateway found for a day (UTC) of the period: verified,
    explained or differs; None when no day was compared. `differing_days` (UTC) are those that differ for no known
    reason; `by_day` has the state of each day of the period that was compared.
    """

    as_of: datetime | None
    missing_days: list[date]
    trust: str | None = None
    differing_days: list[date] = field(default_factory=list)
    by_day: Mapping[date, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return self.as_of is not None and not self.missing_days


def coverage(period: Period, *, now: datetime, since: datetime | None = None) -> Coverage:
    """Days of the period that were not read to their end, or to now. `since`: nothing can be missing before."""
    rows = fetch(_SPANS, [SOURCE, SOURCE])
    cursor = next((row for row in rows if row[2] is not None), None)
    read = _merged([(row[0], row[1]) for row in rows])
    until = cursor[1] if cursor else now
    missing = [day for day in period if not _is_read(Period(day, day, period.zone), read, since, until)]
    states = _states(period)
    differing = [day for day, state in states.items() if state == UsageTrust.State.DIFFERS]
    as_of = cursor[2] if cursor else None
    return Coverage(as_of, missing, _worst(states.values()), differing, _by_day(period, states))


def last_comparison() -> datetime | None:
    """When the ledger was last compared with the gateway."""
    at: datetime | None = UsageTrust.objects.aggregate(at=Max("checked_at"))["at"]
    return at


def trust_by_day(period: Period) -> dict[date, str]:
    """The worst that was found in each day of the period; days that were not compared are left out."""
    return _by_day(period, _states(period))


def _by_day(period: Period, states: Mapping[date, str]) -> dict[date, str]:
    """The gateway counts in UTC: a day of another zone is as good as the worse of the two that it lies in."""
    if not states:
        return {}
    worst = {
        day: _worst([states.get(one, "") for one in _utc_days(Period(day, day, period.zone))])
        for day in period
    }
    return {day: state for day, state in worst.items() if state}


def _utc_days(period: Period) -> list[date]:
    first = period.start.astimezone(UTC).date()
    last = (period.end.astimezone(UTC) - timedelta(microseconds=1)).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _states(period: Period) -> dict[date, str]:
    days = _utc_days(period)
    rows = UsageTrust.objects.filter(day__range=(days[0], days[-1]))
    return dict(rows.order_by("day").values_list("day", "state"))


def _worst(states: Collection[str]) -> str | None:
    return next((state for state in ("differs", "explained", "verified") if state in states), None)


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """What was read, as disjoint spans in order."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_read(
    day: Period, read: list[tuple[datetime, datetime]], since: datetime | None, until: datetime
) -> bool:
    start = max(day.start, since) if since else day.start
    # The day of the last reading is read as far as it can be.
    end = min(day.end, until) if day.start <= until else day.end
    return start >= end or any(a <= start and end <= b for a, b in read)
