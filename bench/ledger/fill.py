"""Years of calls, made by the database itself and summed by `rebuild_rollups`: the load path, without the ORM."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from bench.ledger.world import KEYS, MODELS
from usage.partitions import ensure_partitions
from usage.upkeep import rebuild_rollups

DAYS = 730
# A key calls its model so often in six minutes, then somebody else does: people and programs work in sessions.
BURST = 10

# Numbers below a limit, the small ones often: the square of an even draw.
_SKEWED = "floor({limit} * power(random(), 2))::int"

_LINES = f"""
CREATE TABLE bench_lines AS
SELECT ((k.number - 1) * 4 + m.j) * 2 + (s.status = 'failure')::int AS n, k.id AS api_key_id, k.owner_id,
    k.team_id, x.token_hash,
    m.model, m.provider, s.status, CASE s.status WHEN 'failure' THEN 'RateLimitError' ELSE '' END AS error_class
FROM (SELECT *, row_number() OVER (ORDER BY name) AS number FROM api_keys) k
JOIN api_key_secrets x ON x.api_key_id = k.id
CROSS JOIN LATERAL (
    SELECT j, 'lab/model-' || lpad(((k.number * 7 + j * j) % {MODELS})::text, 3, '0') AS model,
        'provider-' || ((k.number * 7 + j * j) % {MODELS}) % 6 AS provider
    FROM generate_series(0, 3) j
) m
CROSS JOIN (VALUES ('success'), ('failure')) s (status);
CREATE UNIQUE INDEX ON bench_lines (n);
INSERT INTO usage_series (api_key_id, user_id, team_id, cost_center, token_hash, model, provider, status, error_class)
SELECT DISTINCT api_key_id, owner_id, coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid), '', '', model,
    provider, status, error_class FROM bench_lines;
ALTER TABLE bench_lines ADD series_id int;
UPDATE bench_lines b SET series_id = s.id FROM usage_series s WHERE s.api_key_id = b.api_key_id
    AND s.model = b.model AND s.status = b.status AND s.error_class = b.error_class;
ANALYZE bench_lines, usage_series;
"""  # noqa: S608 - our own numbers

_CALLS = f"""
INSERT INTO usage_logs (identity, started_at, ended_at, source, request_id, figures_digest, series_id, model,
    backend_model, provider, deployment, api_key_id, token_hash, key_alias, user_id, team_id, cost_center, status,
    error_class, requests, prompt_tokens, completion_tokens, total_tokens, cached_tokens, cache_write_tokens,
    reasoning_tokens, cost, input_cost, output_cost, other_cost, latency_ms, first_token_ms, call_type, tags, ingested_at)
SELECT md5(c.at::text || c.g)::uuid, c.at, c.at + c.ms * interval '1 ms', 'litellm', 'chatcmpl-' || md5(c.g || 'r'),
    c.g, b.series_id, b.model, b.model, b.provider, 'deployment', b.api_key_id, b.token_hash, '', b.owner_id,
    b.team_id, '', b.status, b.error_class, 1, c.p, c.q, c.p + c.q, c.p / 4, NULL, 0,
    c.p * 0.00000015 + c.q * 0.0000006, c.p * 0.00000015, c.q * 0.0000006, 0, c.ms, c.ms / 3, 'acompletion', '{{}}', now()
FROM (
    SELECT g, at, line * 2 + (random() < 0.02)::int AS line,
        20 + floor(random() * 4000)::int AS p, 1 + floor(random() * 900)::int AS q,
        floor(exp(7 + (random() + random() + random() - 1.5) * 1.6))::int AS ms
    FROM (
        SELECT n * %(burst)s + k AS g, line, %(start)s::timestamptz + begun + k * interval '40 s' AS at
        FROM (
            SELECT n, {_SKEWED.format(limit=KEYS * 4)} AS line, random() * interval '23 hours 50 minutes' AS begun
            FROM generate_series(0, %(bursts)s - 1) n OFFSET 0
        ) b CROSS JOIN generate_series(0, %(burst)s - 1) k ORDER BY at
    ) o
) c JOIN bench_lines b ON b.n = c.line
"""  # noqa: S608 - our own numbers


def fill(rows: int, *, burst: int = BURST, tell: Callable[[str], None] = print) -> float:
    """Two years of calls until yesterday, and all their rollups. Returns the seconds that it took.

    Sessions of `burst` calls: with 1 even few calls reach all people and keys, as many calls do anyhow.
    """
    begun = time.monotonic()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS)
    ensure_partitions(first + timedelta(days=n) for n in range(DAYS + 40))
    bursts = max(rows // (DAYS * burst), 1)
    per_day = bursts * burst
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET jit = off; SELECT setseed(0.7)")
        cursor.execute(_LINES)
        for number in range(DAYS):
            with transaction.atomic():
                start = first + timedelta(days=number)
                cursor.execute(_CALLS, {"start": start, "bursts": bursts, "burst": burst})
    with connection.cursor() as cursor:
        # How many days are summed at once depends on what the planner knows.
        cursor.execute("ANALYZE usage_logs")
    tell(f"{per_day * DAYS:,} calls after {time.monotonic() - begun:.0f} s; summing …")
    last = today.date() - timedelta(days=1)
    for month in sorted({(first + timedelta(days=n)).date().replace(day=1) for n in range(DAYS)}):
        following = (month + timedelta(days=32)).replace(day=1)
        rebuild_rollups(max(month, first.date()), min(following - timedelta(days=1), last))
        tell(f"{month:%Y-%m} after {time.monotonic() - begun:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return time.monotonic() - begun


def sizes() -> dict[str, int]:
    """Bytes on disk, indexes included: of the calls, and of all rollups."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN relname LIKE 'usage\\_logs%%' THEN 'calls' ELSE 'rollups' END,"
            " sum(pg_total_relation_size(oid))::bigint FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'usage\\_%%' GROUP BY 1"
        )
        return dict(cursor.fetchall())
