"""When a budget's window began and when it ends, as the gateway counts: in UTC, aligned to the calendar.

LiteLLM 1.109 renews `1d` at midnight, `7d` on Monday, `30d` and `1mo` on the first of the month (shared spec, gateway
§6); other lengths run from when the budget was set, which only the gateway's own reset time tells.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from litellm_sync.windows import at_gateway

_DURATION = re.compile(r"(\d+)(mo|[smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
QUARTER = timedelta(minutes=15)
_ALIGNED_MONTHS = {"1mo", "30d"}


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` until before `end`, in UTC. `end` None: the budget never starts anew."""

    start: datetime
    end: datetime | None


def window_of(budget_window: str, *, now: datetime, resets_at: datetime | None, since: datetime) -> Window:
    """`resets_at` is what the gateway told; `since` when the budget's object was made."""
    length = at_gateway(budget_window)
    if length is None:
        return Window(quarter_of(since), None)
    if resets_at is not None and resets_at > now:
        return Window(_back(resets_at, length), resets_at)
    start, end = _calendar(length, now.astimezone(UTC), quarter_of(since))
    return Window(start, end)


def _calendar(length: str, now: datetime, since: datetime) -> tuple[datetime, datetime]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    count, unit = _parts(length)
    if length == "1d":
        return midnight, midnight + timedelta(days=1)
    if length in {"7d", "1w"}:
        monday = midnight - timedelta(days=midnight.weekday())
        return monday, monday + timedelta(days=7)
    if length in _ALIGNED_MONTHS:
        first = midnight.replace(day=1)
        return first, _months_on(first, 1)
    if unit == "mo":
        # Counted from the first of January, as twelve of them are a year.
        month = (midnight.month - 1) // count * count + 1 if count <= 12 else 1
        first = midnight.replace(day=1, month=month)
        return first, _months_on(first, count)
    span = timedelta(seconds=count * _SECONDS[unit])
    begun = since + (now - since) // span * span
    return begun, begun + span


def _back(end: datetime, length: str) -> datetime:
    """The beginning of the window that ends then."""
    count, unit = _parts(length)
    if length in _ALIGNED_MONTHS:
        return _months_on(end, -1)
    return _months_on(end, -count) if unit == "mo" else end - timedelta(seconds=count * _SECONDS[unit])


def _months_on(moment: datetime, count: int) -> datetime:
    months = moment.year * 12 + moment.month - 1 + count
    return moment.replace(year=months // 12, month=months % 12 + 1, day=min(moment.day, 28))


def _parts(length: str) -> tuple[int, str]:
    found = _DURATION.fullmatch(length)
    if found is None:
        raise ValueError(f"{length} is no duration.")
    return int(found[1]), found[2]


def quarter_of(moment: datetime) -> datetime:
    """The beginning of its quarter of an hour: the ledger's sums are not finer."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + (moment - day) // QUARTER * QUARTER
