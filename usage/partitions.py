"""Months of `usage_logs` and `usage_quarters`. A month is made before its first row; there is no default partition."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from litemaas.locks import hold_until_commit
from litemaas.months import month_of, next_month
from usage.models import ClosedMonth

MONTHS_AHEAD = 2
TABLES = ("usage_logs", "usage_quarters")


@transaction.atomic
def ensure_partitions(moments: Iterable[datetime]) -> list[str]:
    """Make the months of these moments, where missing. Returns the names of the new tables."""
    months = {month_of(moment) for moment in moments}
    wanted = {f"{table}_{month:%Y_%m}": (table, month) for table in TABLES for month in months}
    missing = sorted(set(wanted) - _present(wanted))
    if missing:
        hold_until_commit("usage partitions")
        missing = sorted(set(missing) - _present(missing))
    for name in missing:
        _make(name, *wanted[name])
    return missing


def ensure_months_ahead(now: datetime) -> list[str]:
    """This month and the next ones, so that rows never wait for a table."""
    months = [month_of(now)]
    for _ in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    return ensure_partitions(months)


def closed_months() -> set[datetime]:
    """Those whose rows were put away: what they held can't be compared with any more."""
    return set(ClosedMonth.objects.values_list("month", flat=True))


def partition_months(table: str) -> list[tuple[str, datetime]]:
    """The table's partitions by name, and their months, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent = %s::regclass ORDER BY 1",
            [table],
        )
        names = [name for (name,) in cursor.fetchall()]
    return [(name, datetime.strptime(name[-7:] + "+0000", "%Y_%m%z")) for name in names]


def _present(names: Iterable[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent IN ('usage_logs'::regclass, 'usage_quarters'::regclass)"
            " AND child.relname = ANY(%s)",
            [list(names)],
        )
        return {name for (name,) in cursor.fetchall()}


def _make(name: str, table: str, month: datetime) -> None:
    """Made aside and attached, which lets readers and writers of the other months go on."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        if table == "usage_quarters":
            # What is being added to finds room on its page, so the indexes are left alone.
            cursor.execute(f"ALTER TABLE {name} SET (fillfactor = 85)")
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{month.isoformat()}') TO ('{next_month(month).isoformat()}')"
        )
