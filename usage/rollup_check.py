"""Whether all rollups tell the same: days what their quarters of an hour tell, months what their days tell."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection

from usage.periods import Period
from usage.rollups import CUBES, QUARTERS, Cube
from usage.zones import rollup_zone


@dataclass(frozen=True, slots=True)
class Sums:
    """All calls, also those that failed."""

    requests: int
    tokens: int
    cost: Decimal


_SUMMED = tuple(cube for cube in CUBES if "requests" in cube.measures)
_BY_QUARTER, _BY_DAY, _BY_MONTH = (
    [cube for cube in _SUMMED if cube.time == time] for time in ("bucket", "day", "month")
)
# The smallest of them.
_TOTAL_DAYS = next(cube for cube in _BY_DAY if cube.dims == ("status",))


def contradiction(day: date) -> tuple[Sums, Sums] | None:
    """For a day of the rollups' zone, and its month: what is right, and what the first rollup tells that is not."""
    period = Period(day, day, ZoneInfo(rollup_zone()))
    month = day.replace(day=1)
    end = (month + timedelta(days=32)).replace(day=1)
    asked: list[tuple[Cube, date, date]] = [(QUARTERS, period.start, period.end)]
    asked += [(cube, period.start, period.end) for cube in _BY_QUARTER if cube is not QUARTERS]
    asked += [(cube, day, day + timedelta(days=1)) for cube in _BY_DAY]
    split = len(asked)
    asked += [(cube, month, end) for cube in (_TOTAL_DAYS, *_BY_MONTH)]
    # One statement sees one state of the ledger, whatever comes in meanwhile.
    sql = " UNION ALL ".join(_sums_of(cube, number) for number, (cube, _start, _end) in enumerate(asked))
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY 1", [at for _cube, *span in asked for at in span])
        found = [Sums(*sums) for _number, *sums in cursor.fetchall()]
    return _first_other(found[:split]) or _first_other(found[split:])


def _first_other(found: list[Sums]) -> tuple[Sums, Sums] | None:
    return next(((found[0], sums) for sums in found if sums != found[0]), None)


def _sums_of(cube: Cube, number: int) -> str:
    return (
        f"SELECT {number}, coalesce(sum(requests), 0)::bigint, coalesce(sum(total_tokens), 0)::bigint,"  # noqa: S608
        f" coalesce(sum(cost), 0) FROM {cube.table} WHERE {cube.time} >= %s AND {cube.time} < %s"
    )
