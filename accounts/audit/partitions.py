"""Months of the record and of its seals, made before their first row."""

from datetime import datetime

from django.db import connection, transaction

from litemaas.months import month_of, next_month

MONTHS_AHEAD = 2
# Months that this process has seen, by database: a look into the catalogue for each row would cost as much as the row.
_seen: set[tuple[str, int, int]] = set()


def ensure_month(moment: datetime) -> None:
    """Make the month of `moment`, in the caller's transaction. The beat does it long before; this is the safety net."""
    month = month_of(moment)
    key = (str(connection.settings_dict["NAME"]), month.year, month.month)
    if key not in _seen and not make_month(month):
        # Remembered only once it was there before this transaction, which may still be taken back.
        _seen.add(key)


@transaction.atomic
def make_month(moment: datetime) -> bool:
    """Whether the month was missing and is there now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_make_month(%s)", [moment])
        row = cursor.fetchone()
    return bool(row and row[0])


def ensure_months_ahead(now: datetime) -> int:
    """This month and the next ones. Returns how many were made."""
    months = [month_of(now)]
    for _ in range(MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    return sum(make_month(month) for month in months)


def gather_statistics() -> None:
    """PostgreSQL looks after the months by itself, but never after their parent, whose figures the planner needs."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_logs")
