"""Splits a period into months, days and quarters of an hour whose sums make up its sum, exactly.

Days and months are those of the time zone in which the rollups were made; quarters are UTC's. A month that is used for
the most part is taken whole and the days that are too many are taken away again: sums are exact, so that is exact, and
it halves what the edges of a period cost. What comes out does not depend on which pieces there are, only how long it
takes does.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from usage.cubes.zone import zone_of_days
from usage.periods import Period, midnight, today

Grain = Literal["quarter", "day", "month"]
ALL_GRAINS: frozenset[Grain] = frozenset({"quarter", "day", "month"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one grain from `start` until before `end`; `sign` -1 takes them away.

    Quarters are bounded by moments in UTC, days and months by dates (a month's is its first day).
    """

    grain: Grain
    start: date
    end: date
    sign: int = 1


def is_aligned(period: Period) -> bool:
    """Whether the period's days are days of the rollups."""
    zone = zone_of_days()
    if period.zone.key == zone.key:
        return True
    return all(midnight(day, period.zone) == midnight(day, zone) for day in _bounds(period))


def _bounds(period: Period) -> Iterator[date]:
    return (period.first + timedelta(days=count) for count in range(len(period) + 1))


def cover(period: Period, grains: Collection[Grain], *, now: datetime) -> list[Piece]:
    """The pieces of the period as a whole. `grains` are those to be used, days always among them."""
    if is_aligned(period):
        return _days(period.first, period.last + _DAY, grains, today(now, zone_of_days()))
    return cover_between(period.start, period.end, grains, now=now)


def cover_between(start: datetime, end: datetime, grains: Collection[Grain], *, now: datetime) -> list[Piece]:
    """The pieces between two moments, each the beginning of a quarter of an hour."""
    zone = zone_of_days()
    first, last = _first_midnight(start, zone), _last_midnight(end, zone)
    if first >= last:
        return [Piece("quarter", start, end)]
    edges = [Piece("quarter", start, midnight(first, zone)), Piece("quarter", midnight(last, zone), end)]
    return [
        *_days(first, last, grains, today(now, zone)),
        *(edge for edge in edges if edge.start < edge.end),
    ]


def _first_midnight(moment: datetime, zone: ZoneInfo) -> date:
    """The first day of the zone that begins at this moment or after it."""
    day = today(moment, zone)
    return day if midnight(day, zone) == moment else day + _DAY


def _last_midnight(moment: datetime, zone: ZoneInfo) -> date:
    """The last day of the zone that begins at this moment or before it."""
    return today(moment, zone)


def _days(first: date, end: date, grains: Collection[Grain], this_day: date) -> list[Piece]:
    """Days from `first` until before `end`, as months where that is cheaper."""
    if "month" not in grains:
        return [Piece("day", first, end)]
    begin, stop = _head(first, end), _tail(first, end, this_day)
    if begin >= stop:
        return [Piece("day", first, end)]
    pieces = [Piece("month", begin, stop)]
    if begin < first:
        pieces.append(Piece("day", begin, first, -1))
    elif first < begin:
        pieces.append(Piece("day", first, begin))
    if stop < end:
        pieces.append(Piece("day", stop, end))
    elif end < stop:
        pieces.append(Piece("day", end, stop, -1))
    return pieces


def _head(first: date, end: date) -> date:
    """The first month that is taken: the one of `first` if less is taken away than would be added."""
    month, following = _month(first), _next_month(first)
    inside, outside = (min(end, following) - first).days, (first - month).days
    return month if outside < inside else following


def _tail(first: date, end: date, this_day: date) -> date:
    """The end of the last month that is taken. Days that have not come hold nothing to take away.

    Up to a day of them is looked at all the same: the gateway's clock may be ahead.
    """
    month = _month(end - _DAY)
    following = _next_month(end - _DAY)
    inside = (end - max(first, month)).days
    outside = (min(following, this_day + 2 * _DAY) - end).days
    return following if outside < inside else month


def _month(day: date) -> date:
    return day.replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
