"""How much there is to add up, as far as the planner knows."""

from calendar import monthrange
from datetime import UTC, timedelta

from usage.cubes.statements import fetch
from usage.periods import Period


def fine_rows(period: Period) -> int:
    """About how many quarters of an hour of single series lie in the period."""
    first, last = (
        period.start.astimezone(UTC).date(),
        (period.end - timedelta(microseconds=1)).astimezone(UTC).date(),
    )
    days: dict[str, int] = {}
    for count in range((last - first).days + 1):
        name = f"usage_quarters_{first + timedelta(days=count):%Y_%m}"
        days[name] = days.get(name, 0) + 1
    rows = fetch("SELECT relname, reltuples FROM pg_class WHERE relname = ANY(%s)", [list(days)])
    return sum(
        int(max(count, 0) * days[name] / monthrange(int(name[-7:-3]), int(name[-2:]))[1])
        for name, count in rows
    )
