"""Writes calls into the ledger: rows, all rollups, rejects and the keys' last use, all or nothing, once each.

Calls are copied to a temporary table, inserted where their identity is new, and only what was new is added to the sums.
So any window may be read any number of times, by any number of workers, and a worker that dies leaves nothing behind.
"""

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction

from litemaas.locks import hold_until_commit
from litemaas.months import month_of
from usage import events
from usage.broken_lines import BrokenLine, facts_of
from usage.fields import BadRow, Json
from usage.kept_facts import facts_to_keep
from usage.models import SummedDay, UsageReject
from usage.partitions import closed_months, ensure_partitions
from usage.rollups import FACTS, LARGEST_SMALL, adding, numbering, shape
from usage.rows import SOURCE, About, Call, is_health_check, read_row
from usage.zones import rollup_zone

LOCK = "usage ledger"
# Why a row that could be read is set aside all the same.
CLOSED, SUMMED = "its month is closed", "its day is counted from daily sums"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows: `read` is the sum of the others, but `same_id`, which are among those added."""

    read: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    health_checks: int = 0
    same_id: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


# So many rows are read at once: what is held in memory, whatever is booked in one transaction.
_CHUNK = 2_000


@transaction.atomic
def write_rows(rows: Iterable[Json | BrokenLine], *, now: datetime) -> Counts:
    """Book these rows of the spend log, or events of the callback. What is booked already changes nothing.

    `rows` may be longer than memory: they pass through.
    """
    with connection.cursor() as cursor:
        reader = _Reader(now)
        _make_stages(cursor)
        months: set[datetime] = set()
        with _no_search_for_cycles():
            copied = _copy(cursor, reader.calls(rows), months)
        reader.keep_rejects()
        # Sums of one group are only ever added to by one writer at a time: no deadlocks, and no retries.
        hold_until_commit(LOCK)
        if (closed_months(), summed_days()) != (reader.closed, reader.summed):
            raise LedgerMoved("A month was put away, or a day came to be counted from daily sums.")
        added, same_id = _book(cursor, copied, months, now) if copied else (0, 0)
        cursor.execute(_DROP_STAGES)
    return Counts(reader.read, added, copied - added, reader.rejected, reader.health_checks, same_id)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """JSON has none, and looking for them among so many new objects takes an eighth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_calls(calls: Iterable[Call], *, now: datetime, source: str = SOURCE) -> tuple[int, int]:
    """Book calls that were read. Inside a transaction. How many were new, and how many of those share an identity."""
    with connection.cursor() as cursor:
        _make_stages(cursor)
        months: set[datetime] = set()
        copied = _copy(cursor, calls, months)
        booked = _book(cursor, copied, months, now, source) if copied else (0, 0)
        cursor.execute(_DROP_STAGES)
    return booked


def _book(
    cursor: Any, copied: int, months: set[datetime], now: datetime, source: str = SOURCE
) -> tuple[int, int]:
    # Sums of one group are only ever added to by one writer at a time: no deadlocks, and no retries.
    hold_until_commit(LOCK)
    ensure_partitions(months)
    cursor.execute(_SERIES)
    cursor.execute(numbering("usage_staged_lines"))
    cursor.execute(_INSERT, {"now": now, "source": source})
    added, same_id = cursor.rowcount, 0
    if added < copied:
        cursor.execute(_INSERT_SAME_ID, {"now": now, "source": source})
        same_id = cursor.rowcount
    if added or same_id:
        _add_up(cursor)
        cursor.execute(_LAST_USE)
        cursor.execute(_LAST_USE_OF_SECRETS)
    return added + same_id, same_id


def _add_up(cursor: Any) -> None:
    """Add the fresh calls to every rollup."""
    cursor.execute(shape("usage_fresh"))
    first, last, largest = cursor.fetchone()
    zone = rollup_zone()
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in (first, last)]
    facts = {
        "is_one_day": days[0] == days[1],
        "is_one_quarter": first.timestamp() // _QUARTER == last.timestamp() // _QUARTER,
        "is_small": largest <= LARGEST_SMALL,
    }
    cursor.execute(adding("usage_fresh", zone, **facts))


# Seconds. The rollups count quarters of an hour from 2020 in UTC, which is a multiple of them after 1970.
_QUARTER = 900


class LedgerMoved(OperationalError):
    """Try again: what was read when the rows were judged no longer holds."""


def summed_days() -> set[date]:
    """Those that are counted from daily sums."""
    return set(SummedDay.objects.filter(is_counted=True).values_list("day", flat=True))


class _Reader:
    """Reads rows, counts what becomes of them and sets aside what can't be read."""

    def __init__(self, now: datetime) -> None:
        self.read = self.health_checks = self.rejected = 0
        self._now = now
        self._rejects: list[UsageReject] = []
        self.closed = closed_months()
        self.summed = summed_days()

    def calls(self, rows: Iterable[Json | BrokenLine]) -> Iterator[Call]:
        for row in rows:
            self.read += 1
            found = self._call(row)
            if found is not None:
                yield found

    def _call(self, row: Json | BrokenLine) -> Call | None:
        if isinstance(row, BrokenLine):
            self._reject(facts_of(row), row.why)
            return None
        is_event = events.is_event(row)
        if is_health_check(events.health_check_marks(row) if is_event else row):
            self.health_checks += 1
            return None
        try:
            found = (events.read_event if is_event else read_row)(row, now=self._now)
            if self.closed and month_of(found.started_at) in self.closed:
                # What it held can't be compared with any more: it might be counted twice.
                raise BadRow(CLOSED)
            if self.summed and found.started_at.date() in self.summed:
                raise BadRow(SUMMED)
        except BadRow as error:
            self._reject(row, str(error))
            return None
        return found

    def _reject(self, row: Json, reason: str) -> None:
        self.rejected += 1
        self._rejects.append(_reject(row, reason, self._now))

    def keep_rejects(self) -> None:
        UsageReject.objects.bulk_create(self._rejects, ignore_conflicts=True, batch_size=_CHUNK)


def _reject(row: Json, reason: str, now: datetime) -> UsageReject:
    kept = facts_to_keep(row)
    fingerprint = hashlib.sha256(json.dumps([SOURCE, kept], sort_keys=True).encode()).hexdigest()
    request_id = kept.get("request_id") or kept.get("id") or ""
    return UsageReject(
        source=SOURCE,
        fingerprint=fingerprint,
        reason=reason,
        request_id=str(request_id)[:255],
        row=kept,
        rejected_at=now,
    )


_ABOUT = About._fields
_OF_CALL = tuple(name for name in Call._fields if name != "about")


def _make_stages(cursor: Any) -> None:
    # Thousands of small groups: compiling expressions costs more than it saves.
    cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
    cursor.execute(_STAGES)


_COPY_CALLS = f"COPY usage_staged (about, {', '.join(_OF_CALL)}) FROM STDIN (NULL 'None')"
_COPY_ABOUT = f"COPY usage_staged_about (number, {', '.join(_ABOUT)}) FROM STDIN"


def _copy(cursor: Any, calls: Iterable[Call], months: set[datetime]) -> int:
    """Copy the calls to the stages. How many they were; `months` gets theirs."""
    numbers: dict[About, int] = {}
    count, month = 0, (0, 0)
    # Lines of text are what is made and parsed fastest, and they keep every digit.
    # Outside of Django's cursor nobody else would turn the driver's errors into Django's.
    with (
        connection.wrap_database_errors,
        cursor.copy(_COPY_CALLS) as copy,
    ):
        lines: list[str] = []
        for found in calls:
            lines.append(_line(found, numbers.setdefault(found[0], len(numbers))))
            if (begun := (found[3].year, found[3].month)) != month:
                month = begun
                months.add(month_of(found[3]))
            if len(lines) >= _CHUNK:
                copy.write("".join(lines))
                count += len(lines)
                lines.clear()
        copy.write("".join(lines))
        count += len(lines)
    with (
        connection.wrap_database_errors,
        cursor.copy(_COPY_ABOUT) as copy,
    ):
        for about, number in numbers.items():
            copy.write_row((number, *about))
    return count


def _line(found: Call, number: int) -> str:
    """A line of COPY. Of its texts only the request id is the gateway's; being printable, it may need care for `\\`.

    None is written as Python writes it; a request id that is just that is spelt otherwise.
    """
    request_id = found[2]
    if "\\" in request_id or request_id == "None":
        request_id = "\\116one" if request_id == "None" else request_id.replace("\\", "\\\\")
        return _LINE % (number, found[1], request_id, *found[3:])
    return _LINE % (number, *found[1:])


_LINE = "\t".join(["%s"] * (1 + len(_OF_CALL))) + "\n"


_STAGES = f"""
CREATE TEMPORARY TABLE usage_staged ON COMMIT DROP AS
    SELECT 0 AS about, {", ".join(_OF_CALL)} FROM usage_logs WITH NO DATA;
CREATE TEMPORARY TABLE usage_staged_about (
    number int, {", ".join(f"{name} text" for name in _ABOUT)}
) ON COMMIT DROP;
CREATE TEMPORARY TABLE usage_fresh ON COMMIT DROP AS SELECT {", ".join(FACTS)}, api_key_id, token_hash
    FROM usage_logs WITH NO DATA
"""  # noqa: S608 - the names are ours

_DROP_STAGES = "DROP TABLE IF EXISTS usage_fresh, usage_staged, usage_staged_about, usage_staged_lines"

# All secrets of a key count for the key, also the retired ones and those of revoked and deleted keys: what they did
# stays their owner's. The team is the one that the gateway charged; a key that has moved since keeps its past. Where the
# gateway names no cost center, as in its logs, it is the one that key or team have in their metadata now.
_SERIES = """
CREATE TEMPORARY TABLE usage_staged_lines ON COMMIT DROP AS
    SELECT a.*, s.id AS series_id FROM (
        SELECT {told}, k.id AS api_key_id, k.owner_id AS user_id,
            CASE WHEN k.id IS NOT NULL THEN coalesce(t.id, k.team_id) END AS team_id,
            left(coalesce(nullif(b.cost_center, ''), k.metadata ->> 'cost_center', t.metadata ->> 'cost_center',
                (SELECT w.metadata ->> 'cost_center' FROM teams w WHERE w.id = k.team_id), ''), 100) AS cost_center
        FROM usage_staged_about b
            LEFT JOIN api_key_secrets x ON x.token_hash = b.token_hash
            LEFT JOIN usage_kept_attributions o ON o.token_hash = b.token_hash
            LEFT JOIN api_keys k ON k.id = coalesce(x.api_key_id, o.api_key_id)
            LEFT JOIN teams t ON t.id::text = b.team
        -- Kept apart: the planner would look series up by key and person alone, and those have twenty.
        OFFSET 0
    ) a LEFT JOIN usage_series s ON {same};

INSERT INTO usage_series
    (api_key_id, user_id, team_id, cost_center, token_hash, model, provider, status, error_class)
SELECT DISTINCT coalesce(api_key_id, uuid_nil()), coalesce(user_id, uuid_nil()), coalesce(team_id, uuid_nil()),
    cost_center, CASE WHEN api_key_id IS NULL THEN token_hash ELSE '' END, model, provider, status, error_class
FROM usage_staged_lines WHERE series_id IS NULL;

UPDATE usage_staged_lines a SET series_id = s.id FROM usage_series s WHERE a.series_id IS NULL AND {same}
""".format(  # noqa: S608 - the names are ours
    told=", ".join(f"b.{name}" for name in ("number", *_ABOUT) if name != "cost_center"),
    same="""s.api_key_id = coalesce(a.api_key_id, uuid_nil()) AND s.user_id = coalesce(a.user_id, uuid_nil())
    AND s.model = a.model AND s.provider = a.provider AND s.status = a.status AND s.error_class = a.error_class
    AND s.team_id = coalesce(a.team_id, uuid_nil()) AND s.cost_center = a.cost_center
    AND s.token_hash = CASE WHEN a.api_key_id IS NULL THEN a.token_hash ELSE '' END""",
).replace("uuid_nil()", "'00000000-0000-0000-0000-000000000000'::uuid")

_FRESH = ", ".join((*FACTS, "api_key_id", "token_hash"))
_COPIED = tuple(name for name in _OF_CALL if name != "identity")
_ATTRIBUTED = (
    *(name for name in _ABOUT if name not in {"team", "tags"}),
    *("series_id", "api_key_id", "user_id", "team_id"),
)


def _insert(identity: str, same_id_as: str, condition: str) -> str:
    return f"""
WITH fresh AS (
    INSERT INTO usage_logs (identity, same_id_as, source, ingested_at, tags,
        {", ".join(_COPIED)}, {", ".join(_ATTRIBUTED)})
    SELECT {identity}, {same_id_as}, %(source)s, %(now)s, a.tags::varchar(255)[],
        {", ".join(f"s.{name}" for name in _COPIED)}, {", ".join(f"a.{name}" for name in _ATTRIBUTED)}
    FROM usage_staged s JOIN usage_staged_lines a ON a.number = s.about {condition}
    ON CONFLICT (started_at, identity) DO NOTHING
    RETURNING {_FRESH}
)
INSERT INTO usage_fresh SELECT * FROM fresh
"""  # noqa: S608 - the names are ours


_INSERT = _insert("s.identity", "NULL", "")
# Costs differ when they differ by more than the noise of binary floats. Failures (0) are never told apart.
_INSERT_SAME_ID = _insert(
    "md5(s.identity::text || '/' || s.figures_digest || '/' || round(coalesce(s.cost, 0), 9))::uuid",
    "s.identity",
    "JOIN usage_logs u ON u.started_at = s.started_at AND u.identity = s.identity"
    " WHERE u.figures_digest <> s.figures_digest OR (s.figures_digest <> 0"
    " AND abs(coalesce(u.cost, 0) - coalesce(s.cost, 0)) > 1e-9 * greatest(u.cost, s.cost, 0))",
)

# Keys are locked in one order, and only those whose last use really moves.
_LAST_USE = """
WITH used AS (
    SELECT api_key_id AS id, max(started_at) AS at FROM usage_fresh WHERE api_key_id IS NOT NULL GROUP BY 1
), held AS (
    SELECT k.id, used.at FROM api_keys k JOIN used USING (id)
    WHERE k.last_used_at IS NULL OR k.last_used_at < used.at
    ORDER BY k.id FOR NO KEY UPDATE OF k
)
UPDATE api_keys k SET last_used_at = held.at FROM held WHERE k.id = held.id
"""


_LAST_USE_OF_SECRETS = """
WITH used AS (
    SELECT token_hash, max(started_at) AS at FROM usage_fresh WHERE api_key_id IS NOT NULL GROUP BY 1
), held AS (
    SELECT x.id, used.at FROM api_key_secrets x JOIN used USING (token_hash)
    WHERE x.last_used_at IS NULL OR x.last_used_at < used.at
    ORDER BY x.id FOR NO KEY UPDATE OF x
)
UPDATE api_key_secrets x SET last_used_at = held.at FROM held WHERE x.id = held.id
"""
