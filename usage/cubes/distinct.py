"""How many different values there are: what can't be summed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from usage.cubes.plans import Plan
from usage.cubes.spans import Unit
from usage.cubes.statements import fetch
from usage.cubes.tables import TYPE_OF
from usage.models import NOBODY
from usage.questions import Question, Value


def count_known(question: Question, of: str, *, now: datetime) -> int:
    """How many values of the dimension have usage; the unknown one is no value."""
    return count_by(question, (), of, now=now).get((), 0)


def count_by(
    question: Question, by: Sequence[str], of: str, *, now: datetime, every: Unit | None = None
) -> dict[tuple[Value, ...], int]:
    """The same for each combination of `by`; with `every`, for each span, whose name is the first label."""
    plan = Plan(question, [*by, of], every, now)
    *labels, counted = plan.labels
    grouping = f" GROUP BY {', '.join(labels)}" if labels else ""
    known = f"count(*) FILTER (WHERE {counted} <> %s)"
    sql = f"SELECT {', '.join([*labels, known])} FROM ({plan.present()}) found{grouping}"  # noqa: S608
    rows = fetch(sql, [NOBODY if of in TYPE_OF else "", *plan.values])
    return {_label(plan, row): row[-1] for row in rows}


def _label(plan: Plan, row: Sequence[Value]) -> tuple[Value, ...]:
    span = plan.span_of(row)
    return (span.name, *row[1:-1]) if span else tuple(row[:-1])


def present(question: Question, by: Sequence[str], *, now: datetime) -> list[tuple[Any, ...]]:
    """The combinations of the dimensions that have usage, in order."""
    plan = Plan(question, by, None, now)
    return fetch(f"{plan.present()} ORDER BY {', '.join(plan.labels)}", plan.values)
