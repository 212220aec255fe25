"""One clean way to ask the ledger anything: measures, split by dimensions and time, narrowed by filters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from litemaas.errors import InvalidInput
from usage.cubes.answers import Group, Order, groups_of, page_of_groups, total
from usage.cubes.covers import is_aligned
from usage.cubes.distinct import count_by, count_known
from usage.cubes.sizes import fine_rows
from usage.cubes.spans import UNITS, Unit, spans_of
from usage.cubes.visitors import users_of
from usage.figures import Figures
from usage.histogram import quantile
from usage.periods import Period
from usage.quality import Coverage, coverage
from usage.questions import DIMENSIONS, Question

MOST_ROWS = 10_000
MOST_DIMENSIONS = 3
# What a few seconds suffice for.
MOST_FINE_ROWS = 5_000_000
# What a piece of a long answer adds up.
_ROWS_OF_PART = 1_000_000
_ALL = 1 << 40
# Parts of time that come again: they are folded from hours.
RECURRING = ("weekday", "hourOfDay")
SPLITS = (*DIMENSIONS, *UNITS, *RECURRING)

_SUMS = {
    "requests": "requests",
    "promptTokens": "prompt_tokens",
    "completionTokens": "completion_tokens",
    "totalTokens": "total_tokens",
    "cachedTokens": "cached_tokens",
    "cacheWriteTokens": "cache_write_tokens",
    "reasoningTokens": "reasoning_tokens",
    "cost": "cost",
    "unpricedRequests": "unpriced",
    "successes": "successes",
    "failures": "failures",
    "successRate": "success_rate",
    "errorRate": "error_rate",
    "averageLatency": "average_latency_ms",
    "averageFirstToken": "average_first_token_ms",
}
_QUANTILES = {
    "latencyP50": ("latency_histogram", 0.5),
    "latencyP95": ("latency_histogram", 0.95),
    "latencyP99": ("latency_histogram", 0.99),
    "firstTokenP50": ("first_token_histogram", 0.5),
    "firstTokenP95": ("first_token_histogram", 0.95),
    "firstTokenP99": ("first_token_histogram", 0.99),
}
_COUNTS = {"users": "user", "models": "model", "apiKeys": "apiKey", "teams": "team"}
MEASURES = (*_SUMS, *_QUANTILES, *_COUNTS)
DEFAULT_MEASURES = ("requests", "totalTokens", "cost")
# What rows can be ordered by in the database.
ORDERS = tuple(name for name in _SUMS if not name.startswith("average") and name != "errorRate")


@dataclass(frozen=True, slots=True)
class Query:
    """`by` holds at most three of SPLITS, at most one unit of time among them."""

    question: Question
    measures: Sequence[str] = DEFAULT_MEASURES
    by: Sequence[str] = ()
    order: str = ""
    descending: bool = True
    limit: int = 1000
    offset: int = 0
    compares: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`labels` in the order of `by`; a time is the name of its span, weekdays count from Monday = 0."""

    labels: tuple[Any, ...]
    figures: Figures
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """`total_rows` counts all rows, also those that were cut off. `before` is None unless it was asked for."""

    rows: list[Row]
    total_rows: int
    totals: Row
    before: Row | None
    quality: Coverage


def value_of(row: Row, measure: str) -> int | float | Decimal | None:
    """What a measure of the row is; None where it is not known."""
    if measure in _COUNTS:
        return row.counts.get(measure, 0)
    if measure in _QUANTILES:
        histogram, share = _QUANTILES[measure]
        return quantile(getattr(row.figures, histogram), share)
    value: int | float | Decimal | None = getattr(row.figures, _SUMS[measure])
    return value


def ask(query: Query, *, now: datetime) -> Answer:
    """Raises InvalidInput for what can't be asked together."""
    _check(query)
    return _answer(query, *_rows(query, now), now=now)


def ask_totals(query: Query, *, now: datetime) -> Answer:
    """The answer without its rows. Raises as `ask`."""
    _check(query)
    return _answer(query, [], 0, now=now)


def _answer(query: Query, rows: list[Row], count: int, *, now: datetime) -> Answer:
    question = query.question
    return Answer(
        rows,
        count,
        _totals(query, question, now),
        _totals(query, question.before, now) if query.compares else None,
        coverage(question.period, now=now),
    )


def _check(query: Query) -> None:
    wrong = {}
    times = [name for name in query.by if name in UNITS]
    recurring = [name for name in query.by if name in RECURRING]
    counted = {_COUNTS[measure] for measure in query.measures if measure in _COUNTS}
    if len(set(query.by)) != len(query.by) or len(query.by) > MOST_DIMENSIONS:
        wrong["by"] = f"by must name at most {MOST_DIMENSIONS} different dimensions."
    elif len(times) > 1 or (times and recurring):
        wrong["by"] = "by must name one unit of time at most, or weekday and hourOfDay."
    if counted and recurring:
        wrong["measures"] = "users, models, apiKeys and teams can't be split by weekday or hourOfDay."
    elif counted & set(query.by):
        wrong["measures"] = "A dimension can't be counted and split by at once."
    if wrong:
        raise InvalidInput(fields=wrong)


def is_long(query: Query) -> bool:
    """Whether the rows would take longer than a request may wait. Raises as `ask`."""
    _check(query)
    return _reads_fine_quarters(query) and fine_rows(query.question.period) > MOST_FINE_ROWS


def parts_of(query: Query) -> Iterator[Query]:
    """The query in pieces that are quick, in order of time; no span of time is in two of them."""
    period = query.question.period
    spans = spans_of(period, _unit(query) or "day")
    starts = sorted({span.day for span in spans})
    width = max(1, int(len(period) * _ROWS_OF_PART / max(fine_rows(period), 1)))
    first = starts[0]
    for following in [*starts[1:], period.last + timedelta(days=1)]:
        is_end = following > period.last
        if is_end or (following - first).days >= width:
            part = Period(first, following - timedelta(days=1), period.zone)
            whole = replace(query.question, period=part)
            yield replace(query, question=whole, order="", offset=0, limit=_ALL, compares=False)
            first = following


def rows_of(query: Query, *, now: datetime) -> list[Row]:
    """The rows alone."""
    return _rows(query, now)[0]


def is_recurring(query: Query) -> bool:
    return bool(set(query.by) & set(RECURRING))


def _reads_fine_quarters(query: Query) -> bool:
    """Whether the answer adds up every quarter of an hour of everybody's series: a hundred thousand rows a day.

    Hours are no days, and neither are days of another zone; only sums of all are kept for quarters of an hour.
    """
    question, unit = query.question, _unit(query)
    if question.scope.dimensions or question.is_narrow:
        return False
    counted = {_COUNTS[measure] for measure in query.measures if measure in _COUNTS}
    split = {*_dimensions(query), *question.filters.used, *(counted if unit else ())}
    is_fine = unit == "hour" or bool(set(query.by) & set(RECURRING))
    return bool(split - {"status"}) and (is_fine or (unit is not None and not is_aligned(question.period)))


def _rows(query: Query, now: datetime) -> tuple[list[Row], int]:
    """The page's rows, and how many there are in all."""
    if set(query.by) & set(RECURRING):
        return _recurring(query, now)
    unit, dimensions = _unit(query), _dimensions(query)
    if not query.by:
        return [], 0
    order = Order(_SUMS.get(query.order, "requests"), descending=query.descending)
    asked: dict[str, Any] = {"now": now, "every": unit, "histograms": _needs_histograms(query)}
    if query.order or not unit:
        found = page_of_groups(
            query.question, *dimensions, order=order, limit=query.limit, offset=query.offset, **asked
        )
        groups, count = found.groups, found.total
    else:
        every = groups_of(query.question, dimensions, **asked)
        groups, count = every[query.offset : query.offset + query.limit], len(every)
    counts = {
        measure: count_by(query.question, dimensions, _COUNTS[measure], now=now, every=unit)
        for measure in query.measures
        if measure in _COUNTS
    }
    return [_row(group, query, counts) for group in groups], count


def _row(group: Group, query: Query, counts: dict[str, dict[tuple[Any, ...], int]]) -> Row:
    key = ((group.span.name,) if group.span else ()) + group.labels
    named = dict(zip([*_dimensions(query)], group.labels, strict=True))
    labels = tuple(group.span.name if name in UNITS and group.span else named.get(name) for name in query.by)
    return Row(labels, group.figures, {measure: found.get(key, 0) for measure, found in counts.items()})


def _recurring(query: Query, now: datetime) -> tuple[list[Row], int]:
    """Hours, folded into days of the week and hours of the day, in their order."""
    dimensions = _dimensions(query)
    groups = groups_of(query.question, dimensions, now=now, every="hour", histograms=_needs_histograms(query))
    sums: dict[tuple[Any, ...], Figures] = {}
    for group in groups:
        if group.span is None:
            continue
        named = dict(zip(dimensions, group.labels, strict=True)) | {
            "weekday": group.span.day.weekday(),
            "hourOfDay": int(group.span.name[11:13]),
        }
        key = tuple(named[name] for name in query.by)
        sums[key] = sums.get(key, Figures()) + group.figures
    rows = in_recurring_order(sums)
    if query.order:
        rows.sort(key=lambda row: value_of(row, query.order) or 0, reverse=query.descending)
    return rows[query.offset : query.offset + query.limit], len(rows)


def in_recurring_order(sums: Mapping[tuple[Any, ...], Figures]) -> list[Row]:
    return [Row(key, sums[key], {}) for key in sorted(sums, key=lambda key: tuple(map(_sortable, key)))]


def _sortable(label: Any) -> tuple[int, str]:
    return (label, "") if isinstance(label, int) else (0, str(label))


def _totals(query: Query, question: Question, now: datetime) -> Row:
    figures = total(question, now=now, histograms=_needs_histograms(query))
    counts = {
        measure: users_of(question, now=now)
        if measure == "users"
        else count_known(question, _COUNTS[measure], now=now)
        for measure in query.measures
        if measure in _COUNTS
    }
    return Row((), figures, counts)


def _unit(query: Query) -> Unit | None:
    return next((name for name in UNITS if name in query.by), None)


def _dimensions(query: Query) -> list[str]:
    return [name for name in query.by if name in DIMENSIONS]


def _needs_histograms(query: Query) -> bool:
    return any(measure in _QUANTILES for measure in query.measures)
