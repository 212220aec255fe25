"""How far figures can be trusted: up to when the gateway was read, and which days were not."""

from dataclasses import dataclass
from datetime import date, datetime

from usage.models import BackfilledWindow, UsageCursor
from usage.periods import Period
from usage.rows import SOURCE


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the answer can be trusted. `as_of` None: nothing was ever read from the gateway."""

    as_of: datetime | None
    missing_days: list[date]

    @property
    def is_complete(self) -> bool:
        return self.as_of is not None and not self.missing_days


def coverage(period: Period, *, now: datetime, since: datetime | None = None) -> Coverage:
    """Days of the period that were not read to their end, or to now. `since`: nothing can be missing before."""
    cursor = UsageCursor.objects.filter(source=SOURCE).first()
    read = _read_spans(cursor)
    until = cursor.position if cursor else now
    missing = [day for day in period if not _is_read(Period(day, day, period.zone), read, since, until)]
    return Coverage(cursor.moved_at if cursor else None, missing)


def _read_spans(cursor: UsageCursor | None) -> list[tuple[datetime, datetime]]:
    """What was read, as disjoint spans in order."""
    spans = list(BackfilledWindow.objects.filter(source=SOURCE).values_list("start", "end"))
    if cursor:
        spans.append((cursor.begun_at, cursor.position))
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
