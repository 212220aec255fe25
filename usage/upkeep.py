"""Makes rollups anew from what they are derived from. Nothing changes when they were right."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from litemaas.locks import hold_until_commit
from litemaas.months import month_of, next_month
from usage.ledger import LOCK
from usage.models import RollupZone
from usage.partitions import closed_months, ensure_partitions
from usage.rollups import COARSE, DAYS, MONTHS, QUARTERS, TOTAL_QUARTERS, Cube, filling, numbering
from usage.zones import rollup_zone

Progress = Callable[[date], None]
_BY_DAY = tuple(cube for cube in COARSE if cube.time == "day")
_BY_MONTH = tuple(cube for cube in COARSE if cube.time == "month" and cube is not MONTHS)
_CALLS_AT_ONCE = 200_000
_SETTINGS = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"


def _silent(day: date) -> None:
    """Nobody watches."""


def rebuild_rollups(first: date, last: date, *, progress: Progress = _silent) -> int:
    """Make the rollups of these days (of the rollups' zone, both included) anew. Returns the number of days.

    A transaction for as many days as hold some 200,000 calls, and one per month, each under the ledger's lock:
    ingestion waits for one at most. Quarters of months whose calls were put away stay, and the rest is made from them.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    with connection.cursor() as cursor:
        cursor.execute(numbering("usage_series"))
    for month, of_month in groupby(days, lambda day: day.replace(day=1)):
        chunk, width = list(of_month), _days_at_once(month)
        for start in range(0, len(chunk), width):
            _rebuild_days(chunk[start], chunk[start : start + width][-1])
            for day in chunk[start : start + width]:
                progress(day)
        _rebuild_month(month)
    return len(days)


def _days_at_once(month: date) -> int:
    """How many days of this month hold about as many calls as may be summed at once, as far as the planner knows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [f"usage_logs_{month:%Y_%m}"])
        found = cursor.fetchone()
    calls = found[0] if found else 0
    return 1 if calls < 0 else max(1, min(31, int(_CALLS_AT_ONCE / max(calls / 31, 1))))


@transaction.atomic
def _rebuild_days(first: date, last: date) -> None:
    """Days of one month."""
    hold_until_commit(LOCK)
    zone = rollup_zone()
    start, end = (
        datetime.combine(at, time(), ZoneInfo(zone)).astimezone(UTC)
        for at in (first, last + timedelta(days=1))
    )
    ensure_partitions([start])
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        for begin, until in _open_parts(start, end):
            window = {"start": begin, "end": until}
            _refill(cursor, QUARTERS, "usage_logs", "started_at", window)
            _refill(cursor, TOTAL_QUARTERS, "usage_quarters", "bucket", window)
        days = {"start": start, "end": end, "first": first, "last": last}
        _refill(cursor, DAYS, "usage_quarters", "bucket", days, zone=zone)
        _fill_days(cursor, first, last)


def _open_parts(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of a time whose calls are here: midnight of another zone may lie in a closed month."""
    closed, parts = closed_months(), []
    while start < end:
        until = min(next_month(month_of(start)), end)
        if month_of(start) not in closed:
            parts.append((start, until))
        start = until
    return parts


@transaction.atomic
def _rebuild_month(month: date) -> None:
    hold_until_commit(LOCK)
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        _fill_month(cursor, month)


def _refill(
    cursor: Any, cube: Cube, relation: str, column: str, window: dict[str, Any], zone: str = ""
) -> None:
    by_day, by_time = ("{} >= %(first)s AND {} <= %(last)s", "{} >= %(start)s AND {} < %(end)s")
    mine = (by_day if "first" in window else by_time).format(cube.time, cube.time)
    cursor.execute(f"DELETE FROM {cube.table} WHERE {mine}", window)  # noqa: S608 - the names are ours
    select = cube.select(relation, f"r.{column} >= %(start)s AND r.{column} < %(end)s")
    cursor.execute(cube.add(select.replace("$ZONE", zone.replace("'", ""))), window)


def _fill_days(cursor: Any, first: date, last: date) -> None:
    """Make coarse days anew from the fine days."""
    for cube in _BY_DAY:
        cursor.execute(
            f"DELETE FROM {cube.table} WHERE {cube.time} >= %s AND {cube.time} <= %s",  # noqa: S608
            [first, last],
        )
    cursor.execute(filling("SELECT * FROM usage_days WHERE day >= %s AND day <= %s", _BY_DAY), [first, last])


def _fill_month(cursor: Any, month: date) -> None:
    """Make a month anew from the fine days; all that is coarse from the month's own series."""
    end = (month + timedelta(days=32)).replace(day=1)
    for cube in (MONTHS, *_BY_MONTH):
        cursor.execute(f"DELETE FROM {cube.table} WHERE {cube.time} = %s", [month])  # noqa: S608
    cursor.execute(MONTHS.add(MONTHS.select("usage_days", "r.day >= %s AND r.day < %s")), [month, end])
    sums = ", ".join(MONTHS.measures)
    of_month = f"SELECT month AS day, series_id, {sums} FROM usage_months WHERE month = %s"  # noqa: S608
    cursor.execute(filling(of_month, _BY_MONTH), [month])


def refill_coarse(days: Iterable[date]) -> None:
    """Make all that follows from these fine days anew. Inside a transaction that holds the ledger's lock."""
    chosen = sorted(set(days))
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute(numbering("usage_series"))
        for first, last in _runs(chosen):
            _fill_days(cursor, first, last)
        for month in sorted({day.replace(day=1) for day in chosen}):
            _fill_month(cursor, month)


def _runs(days: list[date]) -> Iterator[tuple[date, date]]:
    """Days without gaps between them, as first and last."""
    for _key, run in groupby(enumerate(days), lambda pair: pair[1].toordinal() - pair[0]):
        found = [day for _number, day in run]
        yield found[0], found[-1]


@transaction.atomic
def change_rollup_zone(name: str) -> bool:
    """Make all days and months those of this zone, from the quarters of an hour. Whether anything had to be done.

    One transaction: readers see the old days until all are new; ingestion waits.
    """
    zone = ZoneInfo(name).key
    hold_until_commit(LOCK)
    if rollup_zone() == zone:
        return False
    RollupZone.objects.filter(pk=1).update(name=zone)
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        for cube in (DAYS, *COARSE):
            cursor.execute(f"DELETE FROM {cube.table}")  # noqa: S608 - the names are ours
        cursor.execute(DAYS.add(DAYS.select("usage_quarters")).replace("$ZONE", zone))
        cursor.execute("SELECT min(day), max(day) FROM usage_days")
        first, last = cursor.fetchone()
        while first is not None and first <= last:
            until = min((first + timedelta(days=32)).replace(day=1) - timedelta(days=1), last)
            _fill_days(cursor, first, until)
            _fill_month(cursor, first.replace(day=1))
            first = until + timedelta(days=1)
    return True
