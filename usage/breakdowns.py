"""Usage split by one dimension, a page at a time: the same number of statements for one row and for five hundred."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from usage.cubes.answers import Group, Order, groups_of, page_of_groups, ranking
from usage.cubes.distinct import count_by
from usage.cubes.visitors import users_by, users_by_day
from usage.figures import Figures, summed
from usage.models import NOBODY
from usage.naming import UNKNOWN_USER, KeyName, UserName, key_names, team_names, user_names
from usage.quality import Coverage, coverage
from usage.questions import Question


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows `first` until before `first + limit` in this order."""

    order: Order
    limit: int
    first: int = 0


@dataclass(frozen=True, slots=True)
class ModelPart:
    model: str
    provider: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class KeyPart:
    """`key` None: a key that the portal does not know (`key_id` is then `NOBODY`)."""

    key_id: UUID
    key: KeyName | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class UserRow:
    user: UserName
    figures: Figures
    models: list[ModelPart] = field(default_factory=list)
    keys: list[KeyPart] = field(default_factory=list)

    @property
    def last_active_at(self) -> datetime | None:
        """When the person's keys of this row were last used, in or after the period."""
        used = [part.key.last_used_at for part in self.keys if part.key and part.key.last_used_at]
        return max(used, default=None)


@dataclass(frozen=True, slots=True)
class ModelRow:
    model: str
    provider: str
    figures: Figures
    users: int


@dataclass(frozen=True, slots=True)
class ProviderRow:
    provider: str
    figures: Figures
    users: int
    models: int


@dataclass(frozen=True, slots=True)
class KeyRow:
    key_id: UUID
    key: KeyName | None
    user: UserName
    figures: Figures


@dataclass(frozen=True, slots=True)
class TeamRow:
    team_id: UUID
    name: str
    figures: Figures
    users: int


@dataclass(frozen=True, slots=True)
class DayRow:
    day: date
    figures: Figures
    users: int


@dataclass(frozen=True, slots=True)
class Rows:
    rows: Sequence[Any]
    total: int


def by_user(question: Question, part: Slice, *, now: datetime) -> Rows:
    """With the models and keys that each person used. Unattributed usage is a row of the unknown user."""
    page = ranking(question, "user", now=now, order=part.order, limit=part.limit, offset=part.first)
    ids = list(page.values)
    if not ids:
        return Rows([], page.total)
    # One reading of what these people used; their models and keys are both sums of it.
    parts = groups_of(question.narrowed(user=ids), ("user", "apiKey", "model", "provider"), now=now)
    by_person: dict[Any, list[Group]] = {}
    for group in parts:
        by_person.setdefault(group.labels[0], []).append(group)
    names, key_of = user_names(ids), key_names({group.labels[1] for group in parts})
    return Rows([_user_row(names[pk], by_person.get(pk, []), key_of) for pk in ids], page.total)


def _user_row(user: UserName, parts: list[Group], key_of: Mapping[UUID, KeyName]) -> UserRow:
    models = _summed_by(parts, lambda labels: labels[2:])
    keys = _summed_by(parts, lambda labels: labels[1:2])
    return UserRow(
        user,
        summed([group.figures for group in parts]),
        [ModelPart(model, provider, figures) for (model, provider), figures in models],
        [KeyPart(pk, key_of.get(pk), figures) for (pk,), figures in keys],
    )


def _summed_by(parts: list[Group], chosen: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> list[Any]:
    """Sums by some of the labels, the most used first."""
    found: dict[tuple[Any, ...], list[Figures]] = {}
    for group in parts:
        found.setdefault(chosen(group.labels), []).append(group.figures)
    sums = [(labels, summed(figures)) for labels, figures in found.items()]
    return sorted(sums, key=lambda pair: (-pair[1].requests, str(pair[0])))


def by_model(question: Question, part: Slice, *, now: datetime) -> Rows:
    page = page_of_groups(question, "model", now=now, order=part.order, limit=part.limit, offset=part.first)
    names = _labels(page.groups)
    if not names:
        return Rows([], page.total)
    these = question.narrowed(model=names)
    providers = providers_by_model(these, now=now)
    users = users_by(these, "model", now=now)
    rows = [
        ModelRow(name, providers.get(name, ""), group.figures, users.get(name, 0))
        for name, group in zip(names, page.groups, strict=True)
    ]
    return Rows(rows, page.total)


def by_provider(question: Question, part: Slice, *, now: datetime) -> Rows:
    page = page_of_groups(
        question, "provider", now=now, order=part.order, limit=part.limit, offset=part.first
    )
    names = _labels(page.groups)
    if not names:
        return Rows([], page.total)
    these = question.narrowed(provider=names)
    users = users_by(these, "provider", now=now)
    models = count_by(these, ("provider",), "model", now=now)
    rows = [
        ProviderRow(name, group.figures, users.get(name, 0), models.get((name,), 0))
        for name, group in zip(names, page.groups, strict=True)
    ]
    return Rows(rows, page.total)


def by_key(question: Question, part: Slice, *, now: datetime) -> Rows:
    page = ranking(question, "apiKey", now=now, order=part.order, limit=part.limit, offset=part.first)
    ids = list(page.values)
    if not ids:
        return Rows([], page.total)
    figures = {g.labels[0]: g.figures for g in groups_of(question.narrowed(apiKey=ids), ("apiKey",), now=now)}
    keys = key_names(ids)
    users = user_names(key.user_id for key in keys.values())
    rows = [KeyRow(pk, keys.get(pk), _owner(keys.get(pk), users), figures.get(pk, Figures())) for pk in ids]
    return Rows(rows, page.total)


def by_team(question: Question, part: Slice, *, now: datetime) -> Rows:
    """Usage of keys without a team is a row of its own."""
    page = page_of_groups(question, "team", now=now, order=part.order, limit=part.limit, offset=part.first)
    ids = _labels(page.groups)
    if not ids:
        return Rows([], page.total)
    these, names = question.narrowed(team=ids), team_names(ids)
    users = users_by(these, "team", now=now)
    rows = [
        TeamRow(pk, names.get(pk, ""), group.figures, users.get(str(pk), 0))
        for pk, group in zip(ids, page.groups, strict=True)
    ]
    return Rows(rows, page.total)


def by_day(question: Question, part: Slice, *, now: datetime) -> tuple[Rows, Coverage]:
    """Every day of the period but those that could not be read; a day without traffic is a row of zeros."""
    groups = {g.span.day: g.figures for g in groups_of(question, (), now=now, every="day") if g.span}
    quality = coverage(question.period, now=now)
    missing = set(quality.missing_days)
    days = [day for day in question.period if day in groups or day not in missing]
    rows = [DayRow(day, groups.get(day, Figures()), 0) for day in days]
    rows.sort(key=lambda row: _sort_value(row, part.order.by), reverse=part.order.descending)
    shown = rows[part.first : part.first + part.limit]
    users = users_by_day(question, [row.day for row in shown], now=now)
    return Rows([replace(row, users=users.get(row.day, 0)) for row in shown], len(rows)), quality


def _sort_value(row: DayRow, by: str) -> Any:
    return row.day if by == "label" else _measure(row.figures, by)


def _measure(figures: Figures, by: str) -> Any:
    value = getattr(figures, by)
    return -1 if value is None else value


def providers_by_model(question: Question, *, now: datetime) -> Mapping[str, str]:
    """Each model's provider; the most used one where there were several."""
    found: dict[str, tuple[int, str]] = {}
    for group in groups_of(question, ("model", "provider"), now=now):
        model, provider = cast(tuple[str, str], group.labels)
        found[model] = max(found.get(model, (0, "")), (group.figures.requests, provider))
    return {model: provider for model, (_requests, provider) in found.items()}


def _labels(groups: list[Group]) -> list[Any]:
    return [group.labels[0] for group in groups]


def _owner(key: KeyName | None, users: Mapping[UUID, UserName]) -> UserName:
    return users.get((key.user_id if key else None) or NOBODY, UNKNOWN_USER)
