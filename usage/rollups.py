"""How every rollup is derived: from calls come quarters, from quarters days, from days all that is coarser.

Each is one SELECT, used both to add what is new and to make a rollup anew, so the two can't differ. Sums are of integers
and exact decimals: the order of adding changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from usage.histogram import BOUNDS, BUCKETS, DIGITS
from usage.models import NOBODY, SET_SIZE

_TOKENS = (
    *("prompt_tokens", "completion_tokens", "total_tokens"),
    *("cached_tokens", "cache_write_tokens", "reasoning_tokens"),
)
SUMS = (
    *("requests", *_TOKENS, "cost", "unpriced"),
    *("latency_ms", "timed", "first_token_ms", "first_token_timed"),
)
HISTOGRAMS = ("latency_histogram", "first_token_histogram")
# What a call must tell to be summed.
FACTS = ("started_at", "series_id", "requests", *_TOKENS, "cost", "latency_ms", "first_token_ms")
_SUMMED = ", ".join(FACTS[1:])


@dataclass(frozen=True)
class Cube:
    """A rollup: sums by `at` (its column `time`) and `dims`, from the calls, or from a finer one.

    `source` is "calls", "quarters" or "days"; dims other than the series are the series' own columns. `$ZONE` in `at`
    is the zone of the rollups.
    """

    table: str
    time: str
    at: str
    dims: tuple[str, ...]
    source: str
    has_histograms: bool = True
    has_outcomes: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        return (self.time, *self.dims)

    @property
    def measures(self) -> tuple[str, ...]:
        histograms = HISTOGRAMS if self.has_histograms else ()
        return (*SUMS, *histograms, *(("successes", "failures") if self.has_outcomes else ()))

    @property
    def columns(self) -> str:
        return ", ".join((*self.key, *self.measures))

    def select(
        self,
        relation: str,
        where: str = "true",
        *,
        series: str = "usage_series",
        is_wide: bool = False,
        is_small: bool = False,
    ) -> str:
        """SQL of the sums of `relation`, which has the columns of this cube's source; `r` is its name in `where`.

        `series` is where dims are looked up; `is_wide`: the relation has them itself. `is_small`: no sum of whole
        numbers exceeds 31 bits, and adding them takes half the time.
        """
        grouped = self._numbers
        if self.source == "calls":
            values = [*_call_sums(is_small), *_CALL_HISTOGRAMS]
            # In order, one sum at a time fits into the processor's cache, and what is added to lies together too.
            chosen = f"{_QUARTER} AS bucket, {_SUMMED} FROM {relation} r WHERE {where}"
            relation = f"(SELECT {chosen} ORDER BY series_id, bucket)"
            where, grouped = "true", "r.series_id, r.bucket"
        else:
            kept = (*SUMS, *(HISTOGRAMS if self.has_histograms else ()))
            values = [_total(name, is_small) for name in kept]
        of_series = "r" if is_wide else "s"
        if self.has_outcomes:
            values += [_outcome("success", of_series), _outcome("failure", of_series)]
        is_by_series = self.dims == ("series_id",)
        joined = "" if is_by_series or is_wide else f" JOIN {series} s ON s.id = r.series_id"
        names = [f"r.{name}" if is_by_series else f"{of_series}.{name}" for name in self.dims]
        return (
            f"SELECT {self.at} AS {self.time}, {', '.join(names)}, "  # noqa: S608 - the names are ours
            f"{', '.join(f'{value} AS {name}' for value, name in zip(values, self.measures, strict=True))}"
            f" FROM {relation} r{joined} WHERE {where} GROUP BY {grouped}"
        )

    def of_days(self, relation: str, *, is_one_day: bool, is_small: bool) -> str:
        """SQL of this cube of months from rows of the same family's days; sums of one day are the month's as well."""
        names = [f"r.{name}" for name in self.key if name != self.time]
        kept = self.measures if is_one_day else [_total(name, is_small) for name in self.measures]
        values = [f"{value} AS {name}" for value, name in zip(kept, self.measures, strict=True)]
        grouped = "" if is_one_day else f" GROUP BY {self._numbers}"
        return f"SELECT {_MONTH} AS {self.time}, {', '.join([*names, *values])} FROM {relation} r{grouped}"  # noqa: S608

    @property
    def _numbers(self) -> str:
        return ", ".join(str(n + 1) for n in range(len(self.key)))

    def add(self, relation: str) -> str:
        """SQL that adds rows of this cube's own columns."""
        more = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in self.measures)
        return (
            f"INSERT INTO {self.table} AS t ({self.columns}) SELECT {self.columns} FROM ({relation}) n"  # noqa: S608
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {more}"
        )


@dataclass(frozen=True)
class _Visitors(Cube):
    """Who was there, as sets of numbers: of all, and by provider, model and team."""

    @property
    def key(self) -> tuple[str, ...]:
        return ("dimension", self.time, "label", "chunk")

    @property
    def measures(self) -> tuple[str, ...]:
        return ("users",)

    def select(
        self,
        relation: str,
        where: str = "true",
        *,
        series: str = "usage_series",
        is_wide: bool = False,
        is_small: bool = False,
    ) -> str:
        of_series = "r" if is_wide else "s"
        joined = "" if is_wide else f" JOIN {series} s ON s.id = r.series_id"
        names = ", ".join(f"{of_series}.{name}" for name in ("provider", "model", "team_id"))
        one = f"bit_or(set_bit(B'0'::bit({SET_SIZE}), place, 1)) AS users"
        # There are few models: uniting their sets takes a third of the time of putting each person into three.
        return (
            f"WITH seen AS MATERIALIZED (SELECT {self.at} AS at, {names},"  # noqa: S608 - the names are ours
            f" v.id / {SET_SIZE} AS chunk, mod(v.id, {SET_SIZE}) AS place"
            f" FROM {relation} r{joined} JOIN usage_visitors v ON v.user_id = {of_series}.user_id WHERE {where}),"
            f" of_models AS (SELECT at, provider, model, chunk, {one} FROM seen GROUP BY 1, 2, 3, 4)"
            " SELECT CASE grouping(provider, model) WHEN 1 THEN 'provider' WHEN 2 THEN 'model' ELSE '' END"
            f" AS dimension, at AS {self.time}, coalesce(provider, model, '') AS label, chunk, bit_or(users) AS users"
            " FROM of_models GROUP BY GROUPING SETS ((at, chunk), (at, provider, chunk), (at, model, chunk))"
            f" UNION ALL SELECT 'team', at, team_id::text, chunk, {one} FROM seen GROUP BY at, team_id, chunk"
        )

    def of_days(self, relation: str, *, is_one_day: bool, is_small: bool) -> str:
        return (
            f"SELECT r.dimension, {_MONTH} AS {self.time}, r.label, r.chunk, bit_or(r.users) AS users"  # noqa: S608
            f" FROM {relation} r GROUP BY 1, 2, 3, 4"
        )

    def add(self, relation: str) -> str:
        # Most have been seen that day already; an upsert would lock and log each of them. A scalar subquery looks each
        # one up by the key, where the planner would join NOT EXISTS with the sets of all days.
        same = " AND ".join(f"p.{name} = n.{name}" for name in self.key)
        known = f"(SELECT p.users & n.users = n.users FROM {self.table} p WHERE {same})"  # noqa: S608 - ours
        return (
            f"INSERT INTO {self.table} AS t ({self.columns}) SELECT {self.columns} FROM ({relation}) n"  # noqa: S608
            f" WHERE {known} IS NOT TRUE"
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET users = t.users | excluded.users"
        )


def numbering(relation: str) -> str:
    """SQL that gives the people of this relation their numbers; it must run before sums are added or made anew."""
    return (
        "INSERT INTO usage_visitors (user_id) SELECT DISTINCT user_id"  # noqa: S608 - the names are ours
        f" FROM {relation} p WHERE user_id <> '{NOBODY}'"
        " AND NOT EXISTS (SELECT FROM usage_visitors v WHERE v.user_id = p.user_id) ORDER BY 1"
    )


def _total(name: str, is_small: bool) -> str:
    if name == "cost" or name in HISTOGRAMS:
        return f"sum(r.{name})"
    return f"sum(r.{name}::int)" if is_small else f"sum(r.{name})::bigint"


def _outcome(status: str, of_series: str) -> str:
    return f"coalesce(sum(r.requests) FILTER (WHERE {of_series}.status = '{status}'), 0)::bigint"


def _packed(column: str) -> str:
    """The histogram of one group: see `usage.histogram`."""
    bounds = ",".join(str(bound) for bound in BOUNDS)
    # Made once per statement: a number from a text takes longer than finding its bucket.
    ones = f"(SELECT array_agg(('1e' || {DIGITS} * n)::numeric ORDER BY n) FROM generate_series(0, {BUCKETS - 1}) n)"  # noqa: S608
    return f"coalesce(sum(({ones})[1 + width_bucket(r.{column}, '{{{bounds}}}'::bigint[])]), 0)"


def _call_sums(is_small: bool) -> tuple[str, ...]:
    def known(name: str) -> str:
        return f"coalesce({_total(name, is_small)}, 0)"

    return (
        *(known(name) for name in ("requests", *_TOKENS)),
        "coalesce(sum(r.cost), 0)",
        "coalesce(sum(r.requests) FILTER (WHERE r.cost IS NULL), 0)::bigint",
        *(known("latency_ms"), "count(r.latency_ms)"),
        *(known("first_token_ms"), "count(r.first_token_ms)"),
    )


_CALL_HISTOGRAMS = (_packed("latency_ms"), _packed("first_token_ms"))
_QUARTER = "date_bin('15 minutes', r.started_at, timestamptz '2020-01-01 00:00:00+00')"
_DAY = "(r.bucket AT TIME ZONE '$ZONE')::date"
_MONTH = "date_trunc('month', r.day::timestamp)::date"
_MODEL = ("model", "provider", "status", "error_class")
_KEY = ("api_key_id", "user_id", "team_id", "token_hash")


def _pair(name: str, dims: tuple[str, ...], *, has_histograms: bool) -> tuple[Cube, Cube]:
    options: dict[str, Any] = {"has_histograms": has_histograms, "has_outcomes": not has_histograms}
    return (
        Cube(f"usage_{name}_days", "day", "r.day", dims, "days", **options),
        Cube(f"usage_{name}_months", "month", _MONTH, dims, "days", **options),
    )


QUARTERS = Cube("usage_quarters", "bucket", "r.bucket", ("series_id",), "calls")
TOTAL_QUARTERS = Cube("usage_total_quarters", "bucket", "r.bucket", ("status",), "quarters")
DAYS = Cube("usage_days", "day", _DAY, ("series_id",), "quarters")
MONTHS = Cube("usage_months", "month", _MONTH, ("series_id",), "days")
# Families of a cube of days and one of months.
_FAMILIES: tuple[tuple[Cube, Cube], ...] = (
    _pair("total", ("status",), has_histograms=True),
    _pair("model", _MODEL, has_histograms=True),
    _pair("user", ("user_id",), has_histograms=False),
    _pair("key", _KEY, has_histograms=False),
    _pair("team", ("team_id",), has_histograms=False),
    (
        _Visitors("usage_visitor_days", "day", "r.day", (), "days"),
        _Visitors("usage_visitor_months", "month", _MONTH, (), "days"),
    ),
)
# All that follows from days; by day first, then by month.
COARSE = (MONTHS, *(cube for family in _FAMILIES for cube in family))
CUBES = (QUARTERS, TOTAL_QUARTERS, DAYS, *COARSE)
_OF_SERIES = ("user_id", "team_id", "api_key_id", "token_hash", "model", "provider", "status", "error_class")


def adding(
    calls: str, zone: str, *, is_one_day: bool = False, is_one_quarter: bool = False, is_small: bool = False
) -> str:
    """One statement that adds the calls of a table (its columns: FACTS) to every rollup.

    `is_one_day`: all of them began on one day of the zone; `is_one_quarter`: in one quarter of an hour. `is_small`: as
    in `Cube.select`. They only make it faster.
    """
    wide = ", ".join(f"s.{name}" for name in _OF_SERIES)
    joined = "d JOIN usage_series s ON s.id = d.series_id"
    days = DAYS.select("q", is_small=is_small)
    if is_one_quarter:
        days = (
            f"SELECT {_DAY} AS day, r.series_id, {', '.join(f'r.{name}' for name in DAYS.measures)} FROM q r"  # noqa: S608
        )
    months = MONTHS.of_days("d", is_one_day=is_one_day, is_small=is_small)
    # All quarters of one day, or the only one: the series are looked up already.
    totals = TOTAL_QUARTERS.select(
        "q", series="(SELECT DISTINCT series_id AS id, status FROM w)", is_small=is_small
    )
    if is_one_quarter:
        of_all = _FAMILIES[0][0]
        totals = (
            f"SELECT (SELECT bucket FROM q LIMIT 1) AS bucket, status, {', '.join(of_all.measures)} FROM f0"  # noqa: S608
        )
    parts = [
        f"q AS MATERIALIZED ({QUARTERS.select(calls, is_small=is_small)})",
        f"d AS MATERIALIZED ({days})",
        # The series' own columns are looked up once for all that is coarser.
        f"w AS MATERIALIZED (SELECT d.*, {wide} FROM {joined})",  # noqa: S608
        f"i0 AS ({QUARTERS.add('TABLE q')})",
        f"i2 AS ({DAYS.add('TABLE d')})",
        f"i3 AS ({MONTHS.add(months)})",
    ]
    for n, (by_day, by_month) in enumerate(_FAMILIES):
        parts += [
            f"f{n} AS MATERIALIZED ({by_day.select('w', is_wide=True, is_small=is_small)})",
            f"j{n} AS ({by_day.add(f'TABLE f{n}')})",
            f"k{n} AS ({by_month.add(by_month.of_days(f'f{n}', is_one_day=is_one_day, is_small=is_small))})",
        ]
    parts.append(f"i1 AS ({TOTAL_QUARTERS.add(totals)})")
    return f"WITH {', '.join(parts)} SELECT 1".replace("$ZONE", zone.replace("'", ""))


def filling(relation: str, cubes: Iterable[Cube]) -> str:
    """One statement that adds a relation of days and series (the columns of `usage_days`) to these coarse cubes."""
    wide = ", ".join(f"s.{name}" for name in _OF_SERIES)
    joined = f"({relation}) r JOIN usage_series s ON s.id = r.series_id"
    parts = [f"w AS MATERIALIZED (SELECT r.*, {wide} FROM {joined})"]  # noqa: S608
    parts += [f"i{n} AS ({cube.add(cube.select('w', is_wide=True))})" for n, cube in enumerate(cubes)]
    return f"WITH {', '.join(parts)} SELECT 1"


_WHOLE = ", ".join(f"sum({name})" for name in ("requests", *_TOKENS, "latency_ms", "first_token_ms"))


def shape(calls: str) -> str:
    """SQL that says when the calls of a table began, the first and the last, and how large the largest of all sums is."""
    return f"SELECT min(started_at), max(started_at), greatest({_WHOLE}) FROM {calls}"  # noqa: S608 - ours


LARGEST_SMALL = 2**31 - 1
