"""Everything about a period at once, as the analytics page and its API show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import User
from usage.cubes.answers import Order, groups_of, ranking, total
from usage.cubes.visitors import users_of
from usage.figures import Figures, Line, grouped, most_used_first, summed
from usage.figures import total as total_of
from usage.lines import lines_of, lines_with_keys
from usage.models import NOBODY
from usage.naming import UNKNOWN_USER, KeyName, UserName, key_names, user_names
from usage.quality import Coverage, coverage
from usage.questions import Question

TOP_USERS = 10
# So many people's costs are listed; `by-user` pages through all of them.
_LISTED_COSTS = 500


@dataclass(frozen=True, slots=True)
class UserLine:
    user: UserName
    figures: Figures


@dataclass(frozen=True, slots=True)
class KeyLine:
    key_id: UUID
    key: KeyName | None
    user: UserName
    figures: Figures


@dataclass(frozen=True, slots=True)
class Overview:
    """`earlier` and `earlier_users` are those of the period directly before, of equal length."""

    question: Question
    lines: list[Line]
    figures: Figures
    earlier: Figures
    total_users: int
    active_users: int
    earlier_users: int
    top_users: list[UserLine]
    top_key: KeyLine | None
    costs_by_user: Mapping[str, Decimal]
    unattributed: int
    quality: Coverage


def own_overview(person: User, question: Question, *, now: datetime) -> Overview:
    """One person's. All of it is attributed by definition."""
    lines = lines_with_keys(question, now=now)
    figures, earlier = total_of(lines), total(question.before, now=now)
    top = most_used_first(grouped(lines, lambda line: line.api_key_id))
    used = bool(figures.requests)
    name = user_names([person.pk])[person.pk]
    return Overview(
        question=question,
        lines=lines,
        figures=figures,
        earlier=earlier,
        total_users=1,
        active_users=int(used),
        earlier_users=int(bool(earlier.requests)),
        top_users=[UserLine(name, figures)] if used else [],
        top_key=_own_key_line(top[0][0] or NOBODY, name, top[0][1]) if top else None,
        costs_by_user={str(person.pk): figures.cost} if used else {},
        unattributed=0,
        quality=coverage(question.period, now=now, since=person.created_at),
    )


def overview(question: Question, *, total_users: int, now: datetime) -> Overview:
    """Of everybody, or of a team. `total_users` is how many people could have used something."""
    lines = lines_of(question, now=now)
    people = ranking(question, "user", now=now, order=Order("cost"), limit=_LISTED_COSTS)
    top = list(people.values)[:TOP_USERS]
    figures_of, unattributed = _figures_of(question, top, now)
    nobody = figures_of.get(NOBODY, Figures())
    keys = ranking(question, "apiKey", now=now, order=Order("cost"), limit=2)
    key = next((pk for pk in keys.values if pk != NOBODY), None)
    owners = key_names([key] if key else [])
    names = user_names([*top, *(owner.user_id for owner in owners.values())])
    return Overview(
        question=question,
        lines=lines,
        figures=total_of(lines),
        earlier=total(question.before, now=now),
        total_users=total_users,
        active_users=people.total - bool(nobody.requests),
        earlier_users=users_of(question.before, now=now),
        top_users=[UserLine(names[pk], figures_of.get(pk, Figures())) for pk in top],
        top_key=_key_line(key, owners, names, total(question.narrowed(apiKey=(key,)), now=now))
        if key
        else None,
        costs_by_user={str(pk): cost for pk, cost in people.values.items()},
        unattributed=unattributed,
        quality=coverage(question.period, now=now),
    )


def _own_key_line(pk: UUID, owner: UserName, figures: Figures) -> KeyLine:
    return KeyLine(pk, key_names([pk]).get(pk), owner, figures)


def _figures_of(question: Question, ids: list[UUID], now: datetime) -> tuple[dict[Any, Figures], int]:
    """The figures of these people and of nobody, and how many calls were made with keys that the portal does not know:
    service keys of teams are nobody's, too, but known. A chosen person's usage is attributed by definition.
    """
    chosen = question.filters.user
    wanted = ids if question.scope.user_id or (chosen and None not in chosen) else [*ids, NOBODY]
    if not wanted:
        return {}, 0
    parts: dict[Any, list[Figures]] = {}
    unattributed = 0
    for group in groups_of(question.narrowed(user=wanted), ("user", "apiKey"), now=now):
        parts.setdefault(group.labels[0], []).append(group.figures)
        if group.labels == (NOBODY, NOBODY):
            unattributed = group.figures.requests
    return {person: summed(figures) for person, figures in parts.items()}, unattributed


def _key_line(
    pk: UUID, keys: Mapping[UUID, KeyName], users: Mapping[UUID, UserName], figures: Figures
) -> KeyLine:
    key = keys.get(pk)
    return KeyLine(pk, key, users.get((key.user_id if key else None) or NOBODY, UNKNOWN_USER), figures)
