"""Makes rollups anew from what they are derived from. Nothing changes when they were right."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from usage.ledger import LOCK
from usage.locks import hold_until_commit
from usage.models import RollupZone
from usage.partitions import closed_months, ensure_partitions, month_of
from usage.rollups import COARSE, DAYS, QUARTERS, TOTAL_QUARTERS, Cube, numbering
from usage.zones import rollup_zone

Progress = Callable[[date], None]
_BY_DAY = tuple(cube for cube in COARSE if cube.time == "day")
_BY_MONTH = tuple(cube for cube in COARSE if cube.time == "month")


def _silent(day: date) -> None:
    """Nobody watches."""


def rebuild_rollups(first: date, last: date, *, progress: Progress = _silent) -> int:
    """Make the rollups of these days (of the rollups' zone, both included) anew. Returns the number of days.

    A transaction per day and per month, each under the ledger's lock: ingestion waits for one at most. Quarters of
    months whose calls were put away stay, and the rest is made from them.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        _rebuild_day(day)
        progress(day)
    for month in sorted({day.replace(day=1) for day in days}):
        _rebuild_month(month)
    return len(days)


@transaction.atomic
def _rebuild_day(day: date) -> None:
    hold_until_commit(LOCK)
    zone = rollup_zone()
    start, end = (
        datetime.combine(at, time(), ZoneInfo(zone)).astimezone(UTC) for at in (day, day + timedelta(days=1))
    )
    ensure_partitions([start])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        for begin, until in _open_parts(start, end):
            window = {"start": begin, "end": until}
            _refill(cursor, QUARTERS, "usage_logs", "started_at", window)
            _refill(cursor, TOTAL_QUARTERS, "usage_quarters", "bucket", window)
        _refill(cursor, DAYS, "usage_quarters", "bucket", {"start": start, "end": end, "day": day}, zone=zone)
        _refill_coarse(cursor, _BY_DAY, [day])


def _open_parts(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of a day whose calls are here: midnight of another zone may lie in a closed month."""
    closed = closed_months()
    cut = month_of(end)
    parts = [(start, cut), (cut, end)] if start < cut < end else [(start, end)]
    return [part for part in parts if month_of(part[0]) not in closed]


@transaction.atomic
def _rebuild_month(month: date) -> None:
    hold_until_commit(LOCK)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        _refill_coarse(cursor, _BY_MONTH, [month])


def _refill(
    cursor: Any, cube: Cube, relation: str, column: str, window: dict[str, Any], zone: str = ""
) -> None:
    mine = (
        f"{cube.time} = %(day)s" if "day" in window else f"{cube.time} >= %(start)s AND {cube.time} < %(end)s"
    )
    cursor.execute(f"DELETE FROM {cube.table} WHERE {mine}", window)  # noqa: S608 - the names are ours
    select = cube.select(relation, f"r.{column} >= %(start)s AND r.{column} < %(end)s")
    cursor.execute(cube.add(select.replace("$ZONE", zone.replace("'", ""))), window)


def _refill_coarse(cursor: Any, cubes: Iterable[Cube], times: list[date]) -> None:
    """Make days or months anew from the fine days."""
    cursor.execute(numbering("usage_series"))
    for cube in cubes:
        cursor.execute(f"DELETE FROM {cube.table} WHERE {cube.time} = ANY(%s)", [times])  # noqa: S608
        source = "r.day = ANY(%s)"
        if cube.time == "month":
            source = (
                "r.day >= (SELECT min(m) FROM unnest(%s::date[]) m)"
                " AND r.day < (SELECT max(m) + interval '1 month' FROM unnest(%s::date[]) m)"
                " AND date_trunc('month', r.day::timestamp)::date = ANY(%s)"
            )
        cursor.execute(cube.add(cube.select("usage_days", source)), [times] * source.count("%s"))


def refill_coarse(days: Iterable[date]) -> None:
    """Make all that follows from these fine days anew. Inside a transaction that holds the ledger's lock."""
    chosen = sorted(set(days))
    with connection.cursor() as cursor:
        _refill_coarse(cursor, _BY_DAY, chosen)
        _refill_coarse(
            cursor,
            [c for c in _BY_MONTH if c.table != "usage_months"],
            sorted({d.replace(day=1) for d in chosen}),
        )


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
        cursor.execute("SET LOCAL jit = off")
        for cube, relation in ((DAYS, "usage_quarters"), *((cube, "usage_days") for cube in COARSE)):
            cursor.execute(f"DELETE FROM {cube.table}")  # noqa: S608 - the names are ours
            cursor.execute(cube.add(cube.select(relation)).replace("$ZONE", zone))
    return True
