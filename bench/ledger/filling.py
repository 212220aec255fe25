"""Rollups of the size that 100 million calls over two years leave, written by SQL.

Only what the questions of `bench.ledger.asking` can touch is there: 13 months of coarse days, 36 months, 14 fine months,
and the fine days of the last 100 days. About 137,000 calls a day, by 10,000 people with 20,000 keys to 300 models.
"""

import django

django.setup()

from django.db import connection  # noqa: E402

from usage.rollups import CUBES, numbering  # noqa: E402

FINE_DAYS, COARSE_DAYS, MONTHS, COARSE_MONTHS = 100, 400, 14, 37
# Each key has used so many of the models; a third of the series fails now and then.
_MODELS_PER_KEY = 6

_SUMS = """
    {n}::bigint AS requests, {n} * 310::bigint, {n} * 120::bigint, {n} * 430::bigint, {n} * 60::bigint, 0::bigint,
    {n} * 20::bigint, {n} * 0.000731250000000001::numeric, 0::bigint, {n} * 840::bigint, {n}::bigint, {n} * 210::bigint,
    {n}::bigint
"""
_NAMES = (
    "requests, prompt_tokens, completion_tokens, total_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,"
    " cost, unpriced, latency_ms, timed, first_token_ms, first_token_timed"
)
_HISTOGRAMS = "latency_histogram, first_token_histogram"
_PACKED = "({n} * 1e324::numeric)::numeric(800, 0), ({n} * 1e228::numeric)::numeric(800, 0)"
_DAYS = "(SELECT current_date - n AS day FROM generate_series(0, {days} - 1) n)"
_MONTHS = """(SELECT (date_trunc('month', current_date) - n * interval '1 month')::date AS month
              FROM generate_series(0, {months} - 1) n)"""
_PROVIDERS = "ARRAY['openai','anthropic','mistral','meta','qwen','ibm']"


def fill() -> None:
    """Into a database that `bench.ledger.world.seed` has seeded."""
    few, many = "(1 + floor(random() * 3))::int", "(1 + floor(random() * 60))::int"
    statements = [
        "INSERT INTO usage_rollup_zone (id, name) VALUES (1, 'UTC') ON CONFLICT DO NOTHING",
        _series(),
        _of_series("usage_days", "day", _DAYS.format(days=FINE_DAYS), few, share=0.45),
        _of_series("usage_months", "month", _MONTHS.format(months=MONTHS), many, share=0.95),
        _coarse("total", "status", "SELECT DISTINCT status FROM usage_series", many, histograms=True),
        _coarse("model", "model, provider, status, error_class", _MODELS, many, histograms=True),
        _coarse("user", "user_id", "SELECT id AS user_id FROM users", many, share=0.9),
        _coarse("key", "api_key_id, user_id, team_id, token_hash", _KEYS, many, share=0.7),
        _coarse("team", "team_id", _TEAMS, many),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for pair in statements:
            for statement in [pair] if isinstance(pair, str) else pair:
                cursor.execute(statement)
        for statement in _VISITORS:
            cursor.execute(statement)
        cursor.execute("VACUUM (ANALYZE)")


_NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"
_KEYS = f"""SELECT id AS api_key_id, owner_id AS user_id, coalesce(team_id, {_NOBODY}) AS team_id, '' AS token_hash
            FROM api_keys"""  # noqa: S608
_TEAMS = f"SELECT id AS team_id FROM teams UNION ALL SELECT {_NOBODY}"  # noqa: S608
_MODELS = "SELECT DISTINCT model, provider, status, error_class FROM usage_series"


def _series() -> str:
    """Popular models are used by many keys."""
    return f"""
        INSERT INTO usage_series
            (api_key_id, user_id, team_id, cost_center, token_hash, model, provider, status, error_class)
        SELECT k.id, k.owner_id, coalesce(k.team_id, {_NOBODY}), '', '', m.model, split_part(m.model, '/', 1), m.status,
               CASE m.status WHEN 'failure' THEN 'RateLimitError' ELSE '' END
        FROM api_keys k CROSS JOIN LATERAL (
            SELECT DISTINCT ({_PROVIDERS})[1 + x % 6] || '/model-' || lpad(x::text, 3, '0') AS model,
                   CASE WHEN i % 3 = 0 THEN 'failure' ELSE 'success' END AS status
            FROM (
                SELECT i, floor(300 * power(random(), 2) + 0 * length(k.name))::int AS x
                FROM generate_series(1, {_MODELS_PER_KEY}) i
            ) drawn
        ) m"""  # noqa: S608


def _of_series(table: str, time: str, times: str, count: str, *, share: float) -> str:
    sums, packed = _SUMS.format(n="r.n"), _PACKED.format(n="r.n")
    return f"""
        INSERT INTO {table} (series_id, {time}, {_NAMES}, {_HISTOGRAMS})
        SELECT r.id, r.{time}, {sums}, {packed}
        FROM (SELECT s.id, t.{time}, {count} AS n FROM {times} t CROSS JOIN usage_series s WHERE random() < {share}) r
        ORDER BY r.{time}, r.id"""  # noqa: S608


def _coarse(
    name: str, dims: str, objects: str, count: str, *, share: float = 1.0, histograms: bool = False
) -> list[str]:
    made = []
    for unit, times in (
        ("day", _DAYS.format(days=COARSE_DAYS)),
        ("month", _MONTHS.format(months=COARSE_MONTHS)),
    ):
        extra, names = (
            (_PACKED.format(n="r.n"), _HISTOGRAMS) if histograms else ("r.n, 0", "successes, failures")
        )
        made.append(f"""
            INSERT INTO usage_{name}_{unit}s ({unit}, {dims}, {_NAMES}, {names})
            SELECT r.{unit}, {", ".join(f"r.{dim.strip()}" for dim in dims.split(","))}, {_SUMS.format(n="r.n")}, {extra}
            FROM (SELECT o.*, t.{unit}, {count} AS n FROM {times} t CROSS JOIN ({objects}) o WHERE random() < {share}) r
            ORDER BY 1, random()""")  # noqa: S608 - in the order in which people came that day
    return made


_SETS = next(cube for cube in CUBES if cube.table == "usage_visitor_months")
_MONTH_SETS = _SETS.add(_SETS.select("(SELECT series_id, month AS day FROM usage_months)"))
# Who used what in a month, from the series; on a day a random half of them.
_VISITORS = (
    numbering("usage_series"),
    _MONTH_SETS,
    """
    INSERT INTO usage_visitor_days (dimension, day, label, chunk, users)
    SELECT m.dimension, d.day, m.label, m.chunk, m.users & d.mask
    FROM (
        SELECT day, (
            SELECT ('x' || string_agg(md5(day || '/' || i), ''))::bit(4096) FROM generate_series(1, 32) i
        ) AS mask
        FROM generate_series(current_date - 399, current_date, interval '1 day') day
    ) d JOIN usage_visitor_months m ON m.month = date_trunc('month', d.day)::date
    ORDER BY 1, 2, 3, 4""",
)
