"""Asks the rollups: one grouped statement per question, over the pieces of its period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from usage.cubes.covers import ALL_GRAINS, cover_between
from usage.cubes.plans import Plan
from usage.cubes.spans import Span, Unit
from usage.cubes.statements import fetch
from usage.figures import Figures
from usage.periods import Period
from usage.questions import Filters, Question, Value
from usage.scopes import Scope


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one combination of dimensions, in the order asked for; `span` None without `every`."""

    labels: tuple[Value, ...]
    figures: Figures
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """`by` is a measure, or "label" for the first dimension's own name. Ties are broken by the labels."""

    by: str = "requests"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """`total` counts all groups, also those of other pages."""

    groups: list[Group]
    total: int


def total(question: Question, *, now: datetime, histograms: bool = False) -> Figures:
    """The figures of everything that was asked for."""
    groups = groups_of(question, (), now=now, histograms=histograms)
    return groups[0].figures if groups else Figures()


def groups_of(
    question: Question,
    by: Sequence[str],
    *,
    now: datetime,
    every: Unit | None = None,
    histograms: bool = False,
) -> list[Group]:
    """Groups with usage, by span and then by label. `histograms` brings those of the durations."""
    plan = Plan(question, by, every, now, histograms=histograms)
    return _groups(plan, fetch(plan.grouped(), plan.values))


def groups_between(
    start: datetime, end: datetime, by: Sequence[str], *, now: datetime, filters: Filters | None = None
) -> list[Group]:
    """Everybody's groups between two moments, each the beginning of a quarter of an hour."""
    question = Question(Scope(), Period(start.date(), end.date()), filters or Filters())
    pieces = cover_between(start, end, ALL_GRAINS, now=now)
    plan = Plan(question, by, None, now, pieces=pieces)
    return _groups(plan, fetch(plan.grouped(), plan.values))


def page_of_groups(
    question: Question,
    *by: str,
    now: datetime,
    order: Order,
    limit: int,
    offset: int = 0,
    every: Unit | None = None,
    histograms: bool = False,
) -> Page:
    """One page of the groups in this order, with the true total even beyond the end."""
    plan = Plan(question, by, every, now, histograms=histograms)
    statement = plan.counted(order.by, descending=order.descending)
    rows = fetch(statement, [*plan.values, limit, offset])
    if rows or not offset:
        return Page(_groups(plan, rows), rows[0][-1] if rows else 0)
    return Page([], len(fetch(plan.present(), plan.values)))


@dataclass(frozen=True, slots=True)
class Ranking:
    """`values` are the labels with what they were ordered by; `total` counts all labels, also those not shown."""

    values: dict[Any, Any]
    total: int


def ranking(
    question: Question, by: str, *, now: datetime, order: Order, limit: int, offset: int = 0
) -> Ranking:
    """Who comes first, of people and keys, of which there are many; their figures are a question of their own."""
    plan = Plan(question, [by], None, now)
    statement = plan.ranked(order.by, descending=order.descending)
    rows = fetch(statement, [*plan.values, limit, offset])
    if rows or not offset:
        return Ranking({row[0]: row[1] for row in rows}, rows[0][-1] if rows else 0)
    return Ranking({}, len(fetch(plan.present(), plan.values)))


def _groups(plan: Plan, rows: list[tuple[Any, ...]]) -> list[Group]:
    return [Group(plan.labels_of(row), plan.figures_of(row), plan.span_of(row)) for row in rows]
