"""Writes calls into the ledger: rows, both rollups, rejects and the keys' last use, all or nothing, once each.

Rows are copied to a temporary table, inserted where their identity is new, and only what was new is added to the sums.
So any window may be read any number of times, by any number of workers, and a worker that dies leaves nothing behind.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from usage.locks import hold_until_commit
from usage.models import UsageReject
from usage.partitions import ensure_partitions
from usage.rows import SOURCE, BadRow, Json, Record, facts_to_keep, is_health_check, read_row


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows: `read` is the sum of the others."""

    read: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    health_checks: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@transaction.atomic
def write_rows(rows: Iterable[Json], *, now: datetime) -> Counts:
    """Book these rows of the gateway. Rows that are booked already change nothing."""
    rows = list(rows)
    calls = [row for row in rows if not is_health_check(row)]
    records, rejects = _read(calls, now)
    # Sums of one group are only ever added to by one writer at a time: no deadlocks, and no retries.
    hold_until_commit("usage ledger")
    added = _book(records, now) if records else 0
    UsageReject.objects.bulk_create(rejects, ignore_conflicts=True)
    return Counts(len(rows), added, len(records) - added, len(rejects), len(rows) - len(calls))


def _read(rows: list[Json], now: datetime) -> tuple[list[Record], list[UsageReject]]:
    records, rejects = [], []
    for row in rows:
        try:
            records.append(read_row(row, now=now))
        except BadRow as error:
            rejects.append(_reject(row, str(error), now))
    return records, rejects


def _reject(row: Json, reason: str, now: datetime) -> UsageReject:
    kept = facts_to_keep(row)
    fingerprint = hashlib.sha256(json.dumps([SOURCE, kept], sort_keys=True).encode()).hexdigest()
    request_id = kept.get("request_id", "")[:255]
    return UsageReject(
        source=SOURCE,
        fingerprint=fingerprint,
        reason=reason,
        request_id=request_id,
        row=kept,
        rejected_at=now,
    )


def _book(records: list[Record], now: datetime) -> int:
    ensure_partitions(record.started_at for record in records)
    _stage(records)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {"now": now})
        added = cursor.rowcount
        if added:
            cursor.execute(_QUARTERS)
            cursor.execute(_DAYS, {"zone": settings.REPORTING_TIME_ZONE})
            cursor.execute(_LAST_USE)
            cursor.execute(_LAST_USE_OF_SECRETS)
        cursor.execute("DROP TABLE usage_fresh; DROP TABLE usage_staging")
    return int(added)


_STAGED = [field.name for field in fields(Record)]


def _stage(records: list[Record]) -> None:
    columns = ", ".join(_STAGED)
    with connection.cursor() as cursor:
        for table, names in (("usage_staging", columns), ("usage_fresh", _FRESH)):
            like = f"AS SELECT {names} FROM usage_logs WITH NO DATA"  # noqa: S608 - the names are ours
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP {like}")
        with cursor.copy(f"COPY usage_staging ({columns}) FROM STDIN") as copy:
            for record in records:
                copy.write_row(_values(record))


def _values(record: Record) -> list[Any]:
    return [getattr(record, name) for name in _STAGED]


_SUMMED = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")
_FRESH = ", ".join(
    [
        *("started_at", "user_id", "api_key_id", "token_hash", "model", "provider", "status"),
        *(*_SUMMED, "cost", "latency_ms"),
    ]
)
_COPIED = ", ".join(f"s.{name}" for name in _STAGED)

# All secrets of a key count for the key, also the retired ones and those of revoked and deleted keys: what they did
# stays their owner's.
_INSERT = f"""
WITH fresh AS (
    INSERT INTO usage_logs ({", ".join(_STAGED)}, api_key_id, user_id, team_id, ingested_at)
    SELECT {_COPIED}, k.id, k.owner_id, k.team_id, %(now)s
    FROM usage_staging s
        LEFT JOIN api_key_secrets x ON x.token_hash = s.token_hash
        LEFT JOIN api_keys k ON k.id = x.api_key_id
    ON CONFLICT (source, request_id, started_at) DO NOTHING
    RETURNING {_FRESH}
)
INSERT INTO usage_fresh SELECT * FROM fresh
"""  # noqa: S608 - the names are ours


def _rollup(table: str, period: str, expression: str) -> str:
    """SQL that adds the fresh rows to a rollup, in the order of its key."""
    group = f"{period}, user_id, api_key_id, model, provider, status"
    measures = ["requests", *_SUMMED, "cost", "unpriced", "latency_ms", "timed"]
    sums = [f"coalesce(sum({name}), 0)" for name in _SUMMED]
    values = [
        "count(*)",
        *sums,
        "coalesce(sum(cost), 0)",
        "count(*) FILTER (WHERE cost IS NULL)",
        "coalesce(sum(latency_ms), 0)",
        "count(latency_ms)",
    ]
    additions = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in measures)
    return f"""
        INSERT INTO {table} ({group}, {", ".join(measures)})
        SELECT {expression}, user_id, api_key_id, model, provider, status, {", ".join(values)}
        FROM usage_fresh GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT ({group}) DO UPDATE SET {additions}
    """  # noqa: S608 - the names are ours


_QUARTERS = _rollup(
    "usage_quarters", "bucket", "date_bin('15 minutes', started_at, timestamptz '2020-01-01 00:00:00+00')"
)
_DAYS = _rollup("usage_days", "day", "(started_at AT TIME ZONE %(zone)s)::date")

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
