"""Time in hours, days, weeks (from Monday) and months of a time zone. Python's zone data alone says where they begin.

PostgreSQL has zone data of its own, of another age: it is only ever given the moments, never a zone's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from usage.periods import Period, midnight

Unit = Literal["hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month")
_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Span:
    """`name` is 2026-01-31T13:00, 2026-01-31, 2026-W05 or 2026-01; `start` and `end` are cut to the period.

    `day` is the span's first day within the period.
    """

    name: str
    start: datetime
    end: datetime
    day: date


def spans_of(period: Period, unit: Unit) -> list[Span]:
    """All spans of the period, in order and without gaps."""
    if unit == "hour":
        return list(_hours(period))
    names: dict[str, list[date]] = {}
    for day in period:
        names.setdefault(_name(day, unit), []).append(day)
    return [
        Span(
            name, midnight(days[0], period.zone), midnight(days[-1] + timedelta(days=1), period.zone), days[0]
        )
        for name, days in names.items()
    ]


def _name(day: date, unit: Unit) -> str:
    if unit == "week":
        year, week, _weekday = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat() if unit == "day" else f"{day:%Y-%m}"


def _hours(period: Period) -> Iterator[Span]:
    """An hour that the clock shows twice is two spans of one name; one that it skips is none.

    Where the clock is changed within an hour, the span ends there, and the next one is named by what the clock shows.
    """
    start = period.start
    while start < period.end:
        local = start.astimezone(period.zone)
        end = start + _HOUR - timedelta(minutes=local.minute)
        if end.astimezone(period.zone).utcoffset() != local.utcoffset():
            end = next(at for at in _quarters_after(start) if at == end or not _goes_on(local, at))
        yield Span(f"{local:%Y-%m-%dT%H:%M}", start, min(end, period.end), local.date())
        start = end


def _quarters_after(moment: datetime) -> Iterator[datetime]:
    while True:
        moment += _QUARTER
        yield moment


def _goes_on(local: datetime, moment: datetime) -> bool:
    return moment.astimezone(local.tzinfo).utcoffset() == local.utcoffset()
