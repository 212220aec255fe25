"""Distinct people, from the sets that the rollups keep of them, where the question allows it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from usage.cubes.covers import is_aligned
from usage.cubes.distinct import count_by, count_known
from usage.cubes.statements import fetch
from usage.cubes.zone import zone_of_days
from usage.models import NOBODY
from usage.periods import Period, today
from usage.questions import Question, Value

# Sets are kept by one of these.
_KEPT = {"provider", "model", "team"}
_DAY = timedelta(days=1)
_UNITED = """
SELECT label, sum(bit_count(users))::bigint FROM (
    SELECT label, chunk, bit_or(users) AS users FROM ({sets}) pieces GROUP BY label, chunk
) united GROUP BY label
"""


def users_by(question: Question, by: str, *, now: datetime) -> dict[str, int]:
    """People per model, provider or team, of those among the filters. A team's name is its id as a text."""
    filters = question.filters
    if question.scope.dimensions or set(filters.used) - {by} or not is_aligned(question.period):
        return {str(key[0]): count for key, count in count_by(question, (by,), "user", now=now).items()}
    return _united(question.period, by, _texts(by, filters.of(by)), now)


def users_of(question: Question, *, now: datetime) -> int:
    """People with usage; the unknown one is nobody."""
    scope, filters = question.scope.dimensions, question.filters
    asked: dict[str, Sequence[Value]] = {name: filters.of(name) for name in filters.used}
    asked |= {name: (value,) for name, value in scope.items()}
    is_one = len(filters.used) + len(scope) <= 1 and all(
        name in _KEPT and len(labels) == 1 for name, labels in asked.items()
    )
    if not is_one or not is_aligned(question.period):
        return count_known(question, "user", now=now)
    by, labels = next(iter(asked.items()), ("", [""]))
    return sum(_united(question.period, by, _texts(by, labels), now).values())


def _texts(by: str, labels: Sequence[Value]) -> list[str]:
    unknown = str(NOBODY) if by == "team" else ""
    return [unknown if label is None else str(label) for label in labels]


def _united(period: Period, dimension: str, labels: Sequence[str], now: datetime) -> dict[str, int]:
    sets, values = _sets(period, dimension, labels, now)
    return {label: int(count) for label, count in fetch(_UNITED.format(sets=sets), values)}


def _sets(period: Period, dimension: str, labels: Sequence[str], now: datetime) -> tuple[str, list[object]]:
    """The months that lie in the period, and the days at its edges: what is too much can't be taken away from a set.

    The month of today is taken whole when no day of it lies behind the period; the gateway's clock may be ahead.
    """
    end = period.last + _DAY
    begin, stop = _month_from(period.first), end.replace(day=1)
    pieces: list[str] = []
    values: list[object] = []
    only = " AND label = ANY(%s::text[])" if labels else ""

    def take(unit: str, first: date, end: date, condition: str = "", *more: object) -> None:
        if first >= end:
            return
        pieces.append(
            f"SELECT label, chunk, users FROM usage_visitor_{unit}s"  # noqa: S608 - the names are ours
            f" WHERE dimension = %s AND {unit} >= %s AND {unit} < %s{only}{condition}"
        )
        values.extend([dimension, first, end, *([list(labels)] if labels else []), *more])

    if begin > stop:
        take("day", period.first, end)
        return " UNION ALL ".join(pieces), values
    take("day", period.first, begin)
    take("month", begin, stop)
    if stop < end and end > today(now, zone_of_days()):
        later = "EXISTS (SELECT FROM usage_visitor_days WHERE dimension = '' AND day >= %s AND day < %s)"
        bounds = (end, _month_from(end))
        take("month", stop, end, f" AND NOT {later}", *bounds)
        take("day", stop, end, f" AND {later}", *bounds)
    else:
        take("day", stop, end)
    return " UNION ALL ".join(pieces), values


def _month_from(day: date) -> date:
    """The first month that begins on this day or later."""
    return day if day.day == 1 else (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def users_by_day(question: Question, days: Sequence[date], *, now: datetime) -> dict[date, int]:
    """People on each of these days of the period."""
    if not days:
        return {}
    if question.scope.dimensions or question.filters.used or not is_aligned(question.period):
        counts = count_by(question, (), "user", now=now, every="day")
        return {date.fromisoformat(str(key[0])): count for key, count in counts.items()}
    rows = fetch(
        "SELECT day, sum(bit_count(users))::bigint FROM usage_visitor_days"
        " WHERE dimension = '' AND day >= %s AND day <= %s AND day = ANY(%s) GROUP BY day",
        [min(days), max(days), list(days)],
    )
    return {day: int(count) for day, count in rows}
