"""Reads windows of the gateway's spend logs, whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from litellm_sync.client import GatewayClient
from litellm_sync.client.pages import SpendLogPage
from usage.fields import Json

# Every version that we know gives 100; more is cut to 100 before 1.109.
PAGE_SIZE = 100
# 1.109 stops counting here, and far pages get slow everywhere.
CAP = 10_000
_SMALLEST = timedelta(seconds=1)
_READINGS = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    start: datetime
    end: datetime

    def halves(self) -> tuple["Window", "Window"]:
        middle = self.start + (self.end - self.start) / 2
        return Window(self.start, middle), Window(middle, self.end)

    @property
    def is_smallest(self) -> bool:
        return self.end - self.start <= _SMALLEST

    def steps(self, width: timedelta) -> Iterator["Window"]:
        """The window in pieces of at most `width`, in order."""
        start = self.start
        while start < self.end:
            end = min(start + width, self.end)
            yield Window(start, end)
            start = end

    def days(self) -> Iterator["Window"]:
        """The window in pieces that end at midnight UTC, in order."""
        start = self.start
        while start < self.end:
            midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            end = min(midnight + timedelta(days=1), self.end)
            yield Window(start, end)
            start = end


def read_window(client: GatewayClient, window: Window) -> Iterator[tuple[Window, list[Json]]]:
    """The window's rows, in parts that are small enough, in order of time.

    A part at the gateway's cap is halved until it is below it. Rows of an edge come with both parts. Pages are cut out
    of a list that moves: a part that came short of its total is read again, and all that was seen of it is given.
    Raises the gateway's errors; parts that were given before are whole.
    """
    first = client.spend_logs(start=window.start, end=window.end, page_size=PAGE_SIZE)
    if (first.total_is_capped or first.total >= CAP) and not window.is_smallest:
        for half in window.halves():
            yield from read_window(client, half)
        return
    rows = _read_pages(client, window, first)
    for _ in range(_READINGS - 1):
        missing = first.total - _different(rows)
        if missing <= 0:
            break
        log.info("pages of usage came short", missing=missing)
        again = client.spend_logs(start=window.start, end=window.end, page_size=PAGE_SIZE)
        rows += _read_pages(client, window, again)
    yield window, rows


def _read_pages(client: GatewayClient, window: Window, first: SpendLogPage) -> list[Json]:
    rows, page = list(first.rows), 1
    # Pages are counted by what comes back: a capped total says less than there is.
    while page < first.total_pages or (first.total_is_capped and len(rows) == page * PAGE_SIZE):
        page += 1
        more = client.spend_logs(start=window.start, end=window.end, page=page, page_size=PAGE_SIZE)
        rows += more.rows
    return rows


def _different(rows: list[Json]) -> int:
    """Ids alone are not enough: some gateways use one for several calls."""
    return len(
        {(str(row.get("request_id")), str(row.get("startTime")), str(row.get("spend"))) for row in rows}
    )
