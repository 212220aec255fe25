"""How many calls a second go into the ledger by both ways in, with all rollups, and what that costs."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, connections

from bench.ledger.bodies import Calls
from litemaas import loose_json
from usage import ledger, spool
from usage.partitions import ensure_months_ahead

# As live: what is ingested in a second was called in a second.
LIVE = 15_000.0
_WORKERS = 2


@dataclass(frozen=True)
class Ingested:
    way: str
    rows: int
    seconds: float
    python_us: float
    database_us: float
    resident_mib: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def measure(rows: int, at_once: int) -> list[Ingested]:
    """Pull: pages of the spend log in one process. Push: batches of events, acknowledged, then booked by two workers,
    each a process."""
    now = datetime.now(UTC)
    ensure_months_ahead(now - timedelta(days=40))
    ensure_months_ahead(now)
    _warm_up(now)
    return [_pull(rows, at_once, now), _push(rows, now), _without_rollups(rows, at_once, now)]


def _warm_up(now: datetime) -> None:
    """Series of keys and models that are used every day exist long before a busy hour."""
    ledger.write_rows(_pages(Calls(99, now - timedelta(hours=5), LIVE), 100_000), now=now)


def _pages(calls: Calls, rows: int) -> Iterator[Any]:
    for _ in range(rows // 1000):
        yield from loose_json.loads(calls.page(1000))["data"]


def _pull(rows: int, at_once: int, now: datetime, way: str = "pull", seed: int = 1) -> Ingested:
    calls = Calls(seed, now - timedelta(hours=2 + seed), LIVE)
    pages = [[calls.page(1000) for _ in range(at_once // 1000)] for _ in range(rows // at_once)]

    def run() -> None:
        for batch in pages:
            rows_of = (row for page in batch for row in loose_json.loads(page)["data"])
            ledger.write_rows(rows_of, now=now)

    return _measured(way, rows // at_once * at_once, run)


def _without_rollups(rows: int, at_once: int, now: datetime) -> Ingested:
    """The same without the sums, to know what they cost."""
    adding = ledger.adding
    ledger.adding = lambda *_, **_facts: "SELECT 1"  # type: ignore[assignment]
    try:
        return _pull(rows, at_once, now, "pull, calls only", seed=3)
    finally:
        ledger.adding = adding


def _push(rows: int, now: datetime) -> Ingested:
    calls = Calls(2, now - timedelta(hours=4), LIVE)
    for _ in range(rows // 500):
        spool.keep_events(calls.events(500), now=now)

    def run() -> None:
        # Processes, as production has them: threads would share one interpreter.
        _close()
        told, tell = os.pipe()
        workers = [_worker(now, tell) for _ in range(_WORKERS)]
        os.close(tell)
        if any(os.waitpid(worker, 0)[1] for worker in workers):
            raise RuntimeError("A worker failed.")
        with open(told) as seconds:
            _closed.extend(float(line) for line in seconds)

    return _measured(f"push, {_WORKERS} workers", rows // 500 * 500, run)


def _worker(now: datetime, tell: int) -> int:
    """The number of a process that books what waits, tells what its server process took, and ends."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        spool.book_events(now, seconds=600)
        _close()
        os.write(tell, f"{_closed[-1]}\n".encode())
        code = 0
    finally:
        os._exit(code)


def _measured(way: str, rows: int, run: Callable[[], None]) -> Ingested:
    python, database, begun = _python_seconds(), _backends_seconds(), time.monotonic()
    run()
    seconds = time.monotonic() - begun
    return Ingested(
        way,
        rows,
        seconds,
        (_python_seconds() - python) / rows * 1e6,
        (_backends_seconds() - database) / rows * 1e6,
        max(resource.getrusage(whose).ru_maxrss for whose in _OURS) / 1024,
    )


_OURS = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _python_seconds() -> float:
    """Processor time of this process and of its workers that have ended."""
    used = [resource.getrusage(whose) for whose in _OURS]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _backends_seconds() -> float:
    """Processor time of the server processes of our connections: of this one, and of those that were closed.

    Not of those that look after tables meanwhile: what they find to do is left from filling.
    """
    connection.ensure_connection()
    return _seconds_of(connection.connection.info.backend_pid) + sum(_closed)


# Seconds of the server processes of connections that were closed.
_closed: list[float] = []


def _close() -> None:
    """Close the connections; what this one's server process took stays known."""
    connection.ensure_connection()
    _closed.append(_seconds_of(connection.connection.info.backend_pid))
    connections.close_all()


def _seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
