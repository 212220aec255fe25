"""How many people used something: from the rollup that keeps their days, where the question allows it."""

from collections.abc import Sequence
from datetime import date, datetime

from usage.cubes.covers import is_aligned
from usage.cubes.distinct import count_by
from usage.cubes.statements import fetch
from usage.models import NOBODY
from usage.periods import Period
from usage.questions import Question


def users_by(question: Question, by: str, *, now: datetime) -> dict[str, int]:
    """People per model or provider, whose name is among the filters."""
    filters = question.filters
    if (
        question.scope.dimensions
        or set(filters.used) - {"model", "provider"}
        or not is_aligned(question.period)
    ):
        return {str(key[0]): count for key, count in count_by(question, (by,), "user", now=now).items()}
    conditions, values = _months(question.period)
    for name in filters.used:
        conditions.append(f"{name} = ANY(%s::text[])")
        values.append(list(filters.of(name)))
    # Counted after grouping: count(DISTINCT) would sort.
    rows = fetch(
        f"SELECT {by}, count(*) FROM (SELECT DISTINCT {by}, user_id FROM usage_model_users"  # noqa: S608
        f" WHERE user_id <> %s AND {' AND '.join(conditions)}) seen GROUP BY 1",
        [NOBODY, *values],
    )
    return {str(name): int(count) for name, count in rows}


def _months(period: Period) -> tuple[list[str], list[object]]:
    """The condition that one of the row's days lies in the period; bit 0 is the first of the month."""
    first, last = period.first.replace(day=1), period.last.replace(day=1)
    conditions = ["month >= %s AND month <= %s"]
    values: list[object] = [first, last]
    head, tail = -1 << (period.first.day - 1), (1 << period.last.day) - 1
    if first == last:
        conditions.append("days & %s <> 0")
        return conditions, [*values, head & tail & 0x7FFFFFFF]
    conditions.append("(month <> %s OR days & %s <> 0) AND (month <> %s OR days & %s <> 0)")
    return conditions, [*values, first, head & 0x7FFFFFFF, last, tail & 0x7FFFFFFF]


def users_by_day(question: Question, days: Sequence[date], *, now: datetime) -> dict[date, int]:
    """People on each of these days of the period."""
    if not days:
        return {}
    if question.scope.dimensions or question.filters.used or not is_aligned(question.period):
        counts = count_by(question, (), "user", now=now, every="day")
        return {date.fromisoformat(str(key[0])): count for key, count in counts.items()}
    # One row per day and person, so counting rows is counting people.
    rows = fetch(
        "SELECT day, count(*) FROM usage_user_days WHERE day = ANY(%s::date[]) AND user_id <> %s GROUP BY day",
        [list(days), NOBODY],
    )
    return {day: int(count) for day, count in rows}
