"""Who has a budget: users, teams and API keys, with their windows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from apikeys.models import ApiKey
from litellm_sync.models import budget_reset_of
from teams.models import Member, Team
from usage.budgets.windows import Window, window_of
from usage.models import BudgetKind

# The dimension of the ledger in which a budget of this kind is spent.
DIMENSION_OF = {BudgetKind.USER: "user", BudgetKind.TEAM: "team", BudgetKind.KEY: "apiKey"}


@dataclass(frozen=True, slots=True)
class Holder:
    """`max_budget` and `soft_budget` in US dollars per window, at least one of them set."""

    kind: BudgetKind
    id: UUID
    name: str
    max_budget: Decimal | None
    soft_budget: Decimal | None
    budget_window: str
    window: Window
    told: tuple[UUID, ...] = ()


def all_holders(*, now: datetime) -> list[Holder]:
    """Everybody whose budget can be crossed, with who is to be told (`told`)."""
    users = User.objects.filter(is_active=True, max_budget__isnull=False)
    teams = Team.objects.active().filter(_has_budget())
    keys = ApiKey.objects.live(now).filter(_has_budget())
    return [*_users(users, now), *_teams(teams, now, with_admins=True), *_keys(keys, now)]


def holders_of(user: User, *, now: datetime) -> list[Holder]:
    """The budgets that bind somebody: the own one, the teams' and the own keys'."""
    mine = User.objects.filter(pk=user.pk, max_budget__isnull=False)
    teams = Team.objects.active().visible_to(user) if not user.sees_everything else Team.objects.of(user.pk)
    keys = ApiKey.objects.filter(owner=user, deleted_at__isnull=True, revoked_at__isnull=True)
    return [
        *_users(mine, now),
        *_teams(teams.filter(_has_budget()), now),
        *_keys(keys.filter(_has_budget()), now),
    ]


def holder(kind: BudgetKind, pk: UUID, *, now: datetime) -> Holder | None:
    """One of them; None when it is gone or has no budget."""
    if kind == BudgetKind.USER:
        found = _users(User.objects.filter(pk=pk, max_budget__isnull=False), now)
    elif kind == BudgetKind.TEAM:
        found = _teams(Team.objects.filter(_has_budget(), pk=pk), now)
    else:
        found = _keys(ApiKey.objects.filter(_has_budget(), pk=pk), now)
    return found[0] if found else None


def _has_budget() -> Q:
    return Q(max_budget__isnull=False) | Q(soft_budget__isnull=False)


def _users(rows: Any, now: datetime) -> list[Holder]:
    values = rows.annotate(resets=budget_reset_of("user")).values_list(
        "pk", "username", "max_budget", "budget_window", "resets", "created_at"
    )
    return [
        Holder(
            BudgetKind.USER,
            pk,
            name,
            amount,
            None,
            window,
            window_of(window, now=now, resets_at=resets, since=since),
            (pk,),
        )
        for pk, name, amount, window, resets, since in values
    ]


def _teams(rows: Any, now: datetime, *, with_admins: bool = False) -> list[Holder]:
    values = list(
        rows.annotate(resets=budget_reset_of("team")).values_list(
            "pk", "name", "max_budget", "soft_budget", "budget_window", "resets", "created_at"
        )
    )
    admins = _admins([value[0] for value in values]) if with_admins else {}
    return [
        Holder(
            BudgetKind.TEAM,
            pk,
            name,
            most,
            soft,
            window,
            window_of(window, now=now, resets_at=resets, since=since),
            tuple(admins.get(pk, ())),
        )
        for pk, name, most, soft, window, resets, since in values
    ]


def _admins(team_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    rows = Member.objects.current().filter(team_id__in=team_ids, role=Member.Role.ADMIN)
    for team_id, user_id in rows.values_list("team_id", "user_id"):
        found.setdefault(team_id, []).append(user_id)
    return found


def _keys(rows: Any, now: datetime) -> list[Holder]:
    values = list(
        rows.annotate(resets=budget_reset_of("key")).values_list(
            *("pk", "name", "max_budget", "soft_budget", "budget_window", "resets", "created_at"),
            *("owner_id", "team_id"),
        )
    )
    admins = _admins([team for *_rest, owner, team in values if owner is None and team])
    return [
        Holder(
            BudgetKind.KEY,
            pk,
            name,
            most,
            soft,
            window,
            window_of(window, now=now, resets_at=resets, since=since),
            (owner,) if owner else tuple(admins.get(team, ())),
        )
        for pk, name, most, soft, window, resets, since, owner, team in values
    ]


def by_window(holders: Iterable[Holder]) -> dict[tuple[BudgetKind, datetime, datetime | None], list[Holder]]:
    """Those whose spend one statement can add up."""
    found: dict[tuple[BudgetKind, datetime, datetime | None], list[Holder]] = {}
    for one in holders:
        found.setdefault((one.kind, one.window.start, one.window.end), []).append(one)
    return found
