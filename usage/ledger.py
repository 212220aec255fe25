"""Writes calls into the ledger: rows, all rollups, rejects and the keys' last use, all or nothing, once each.

Calls are copied to a temporary table, inserted where their identity is new, and only what was new is added to the sums.
So any window may be read any number of times, by any number of workers, and a worker that dies leaves nothing behind.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from usage import events
from usage.locks import hold_until_commit
from usage.models import UsageReject
from usage.partitions import closed_months, ensure_partitions, month_of
from usage.rollups import FACTS, adding
from usage.rows import SOURCE, About, BadRow, Call, Json, facts_to_keep, is_health_check, read_row
from usage.zones import rollup_zone

LOCK = "usage ledger"


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


@transaction.atomic
def write_rows(rows: Iterable[Json], *, now: datetime) -> Counts:
    """Book these rows of the spend log, or events of the callback. What is booked already changes nothing."""
    rows = list(rows)
    pairs, rejects, health_checks = _read(rows, now)
    calls, closed = _without_closed_months(pairs)
    rejects += [_reject(row, "its month is closed", now) for row in closed]
    added = same_id = 0
    if calls:
        added, same_id = write_calls(calls, now=now)
    UsageReject.objects.bulk_create(rejects, ignore_conflicts=True)
    return Counts(len(rows), added, len(calls) - added, len(rejects), health_checks, same_id)


def write_calls(calls: Sequence[Call], *, now: datetime, source: str = SOURCE) -> tuple[int, int]:
    """Book calls that were read. Inside a transaction. How many were new, and how many of those share an identity."""
    with connection.cursor() as cursor:
        # Thousands of small groups: compiling expressions costs more than it saves.
        cursor.execute("SET LOCAL jit = off")
        _stage(cursor, calls)
        # Sums of one group are only ever added to by one writer at a time: no deadlocks, and no retries.
        hold_until_commit(LOCK)
        ensure_partitions(call.started_at for call in calls)
        cursor.execute(_SERIES)
        cursor.execute(_INSERT, {"now": now, "source": source})
        added, same_id = cursor.rowcount, 0
        if added < len(calls):
            cursor.execute(_INSERT_SAME_ID, {"now": now, "source": source})
            same_id = cursor.rowcount
        if added or same_id:
            cursor.execute(adding("usage_fresh", rollup_zone()))
            cursor.execute(_LAST_USE)
            cursor.execute(_LAST_USE_OF_SECRETS)
        cursor.execute("DROP TABLE usage_fresh, usage_staged, usage_staged_about")
    return added + same_id, same_id


def _read(rows: list[Json], now: datetime) -> tuple[list[tuple[Call, Json]], list[UsageReject], int]:
    calls, rejects, health_checks = [], [], 0
    for row in rows:
        is_event = events.is_event(row)
        if is_health_check(events.health_check_marks(row) if is_event else row):
            health_checks += 1
            continue
        try:
            call = events.read_event(row, now=now) if is_event else read_row(row, now=now)
        except BadRow as error:
            rejects.append(_reject(row, str(error), now))
        else:
            calls.append((call, row))
    return calls, rejects, health_checks


def _without_closed_months(pairs: list[tuple[Call, Json]]) -> tuple[list[Call], list[Json]]:
    """Calls that can be told from what is booked, and the rows of months whose rows were put away."""
    closed = closed_months({month_of(call.started_at) for call, _ in pairs})
    if not closed:
        return [call for call, _ in pairs], []
    open_ones = [call for call, _ in pairs if month_of(call.started_at) not in closed]
    return open_ones, [row for call, row in pairs if month_of(call.started_at) in closed]


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


def _stage(cursor: Any, calls: Sequence[Call]) -> None:
    cursor.execute(_STAGES)
    numbers: dict[About, int] = {}
    # Texts are what PostgreSQL parses fastest, and what keeps every digit.
    with cursor.copy(f"COPY usage_staged (about, {', '.join(_OF_CALL)}) FROM STDIN") as copy:
        for call in calls:
            about = call[0]
            number = numbers.setdefault(about, len(numbers))
            ended_at = None if call[4] is None else call[4].isoformat()
            costs = [None if cost is None else str(cost) for cost in call[12:16]]
            copy.write_row(
                (number, call[1], call[2], call[3].isoformat(), ended_at, *call[5:12], *costs, *call[16:])
            )
    with cursor.copy(f"COPY usage_staged_about (number, {', '.join(_ABOUT)}) FROM STDIN") as copy:
        for about, number in numbers.items():
            copy.write_row((number, *about))


_STAGES = f"""
CREATE TEMPORARY TABLE usage_staged ON COMMIT DROP AS
    SELECT 0 AS about, {", ".join(_OF_CALL)} FROM usage_logs WITH NO DATA;
CREATE TEMPORARY TABLE usage_staged_about (
    number int, {", ".join(f"{name} text" for name in _ABOUT)},
    series_id int, api_key_id uuid, user_id uuid, team_id uuid
) ON COMMIT DROP;
CREATE TEMPORARY TABLE usage_fresh ON COMMIT DROP AS SELECT {", ".join(FACTS)}, api_key_id, token_hash
    FROM usage_logs WITH NO DATA
"""  # noqa: S608 - the names are ours

# All secrets of a key count for the key, also the retired ones and those of revoked and deleted keys: what they did
# stays their owner's. The team is the one that the gateway charged; a key that has moved since keeps its past.
_SERIES = """
UPDATE usage_staged_about a SET api_key_id = k.id, user_id = k.owner_id, team_id = coalesce(t.id, k.team_id)
FROM usage_staged_about b
    JOIN api_key_secrets x ON x.token_hash = b.token_hash
    JOIN api_keys k ON k.id = x.api_key_id
    LEFT JOIN teams t ON t.id::text = b.team
WHERE b.number = a.number;

WITH wanted AS (
    SELECT DISTINCT coalesce(api_key_id, uuid_nil()) AS api_key_id, coalesce(user_id, uuid_nil()) AS user_id,
        coalesce(team_id, uuid_nil()) AS team_id, cost_center,
        CASE WHEN api_key_id IS NULL THEN token_hash ELSE '' END AS token_hash,
        model, provider, status, error_class
    FROM usage_staged_about
)
INSERT INTO usage_series
    (api_key_id, user_id, team_id, cost_center, token_hash, model, provider, status, error_class)
SELECT api_key_id, user_id, team_id, cost_center, token_hash, model, provider, status, error_class FROM wanted w
WHERE NOT EXISTS (
    SELECT FROM usage_series s WHERE s.api_key_id = w.api_key_id AND s.user_id = w.user_id AND s.model = w.model
    AND s.provider = w.provider AND s.status = w.status AND s.error_class = w.error_class
    AND s.team_id = w.team_id AND s.cost_center = w.cost_center AND s.token_hash = w.token_hash
);

UPDATE usage_staged_about a SET series_id = s.id FROM usage_series s
WHERE s.api_key_id = coalesce(a.api_key_id, uuid_nil()) AND s.user_id = coalesce(a.user_id, uuid_nil())
AND s.model = a.model AND s.provider = a.provider AND s.status = a.status AND s.error_class = a.error_class
AND s.team_id = coalesce(a.team_id, uuid_nil()) AND s.cost_center = a.cost_center
AND s.token_hash = CASE WHEN a.api_key_id IS NULL THEN a.token_hash ELSE '' END
""".replace("uuid_nil()", "'00000000-0000-0000-0000-000000000000'::uuid")

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
    FROM usage_staged s JOIN usage_staged_about a ON a.number = s.about {condition}
    ON CONFLICT (started_at, identity) DO NOTHING
    RETURNING {_FRESH}
)
INSERT INTO usage_fresh SELECT * FROM fresh
"""  # noqa: S608 - the names are ours


_INSERT = _insert("s.identity", "NULL", "")
_INSERT_SAME_ID = _insert(
    "md5(s.identity::text || '/' || s.figures_digest)::uuid",
    "s.identity",
    "JOIN usage_logs u ON u.started_at = s.started_at AND u.identity = s.identity"
    " WHERE u.figures_digest <> s.figures_digest",
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
