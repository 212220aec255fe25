"""Every limit that holds for a key or a person, and which one stops first.

The order of precedence is LiteLLM's (gateway.md §6, tried on 1.109): all budgets that apply are checked, the first that
is used up refuses; a person's own budget binds keys without a team only; rates count per scope, a person's over all of
the person's keys.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from redis.exceptions import RedisError

from accounts.models import User
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey
from apikeys.spend import secret_facts, spent_by
from litellm_sync.models import GatewaySpend
from teams.models import Member, Team

GATEWAY_VERSION = "apikeys:gateway_version"
GATEWAY_IS_ENTERPRISE = "apikeys:gateway_is_enterprise"
_NEWEST = (1, 109)
# Earlier ones let calls pass that are over the person's own budget.
_USER_BUDGET_BINDS = (1, 91)


@dataclass
class Level:
    """One limit-giver. Budgets in US dollars; None = no limit, or unknown. `applies`: the gateway holds the budget
    against this key. `binds` names what of this level stops first: budget, tpm, rpm, parallel."""

    level: str
    id: str | None = None
    name: str | None = None
    max_budget: Decimal | None = None
    spend: Decimal | None = None
    budget_window: str = ""
    budget_reset_at: datetime | None = None
    tpm_limit: int | None = None
    rpm_limit: int | None = None
    max_parallel_requests: int | None = None
    applies: bool = True
    binds: set[str] = field(default_factory=set)

    @property
    def remaining(self) -> Decimal | None:
        if self.max_budget is None or self.spend is None:
            return None
        return max(Decimal(), self.max_budget - self.spend)


@dataclass(frozen=True)
class Effective:
    """What holds in sum, and the levels that it comes from."""

    levels: list[Level]
    as_of: datetime

    @property
    def budget(self) -> Level | None:
        """The level whose budget stops first, if that can be said."""
        return next((level for level in self.levels if "budget" in level.binds), None)

    def tightest(self, name: str) -> int | None:
        values = [value for level in self.levels if (value := _rate(level, name)) is not None]
        return min(values) if values else None


def limits_of_key(key: ApiKey, *, model_id: str | None = None, now: datetime) -> Effective:
    """`key` has owner, team and secrets at hand. `model_id` adds the limits of one model only, else those of all."""
    member = _member(key)
    spends = _spends(key, member)
    levels = [_key_level(key, spends, now)]
    if key.owner is not None:
        levels.append(_user_level(key.owner, spends, applies=_user_budget_binds(key)))
    if key.team is not None:
        levels.append(_team_level(key.team, spends))
    if member is not None and member.max_budget is not None and key.team is not None:
        levels.append(_member_level(member, key.team, spends))
    levels += _model_levels(key, model_id)
    return _judged(levels, spends, now)


def limits_of_user(user: User, *, now: datetime) -> Effective:
    """What holds for the person's keys without a team, and what a new key gets."""
    found = list(GatewaySpend.objects.filter(kind="user", object_id=user.pk))
    defaults = key_policy().defaults
    new_key = Level(
        "default",
        name="New keys",
        max_budget=defaults["maxBudget"],
        budget_window=defaults["budgetDuration"] or "",
        tpm_limit=defaults["tpmLimit"],
        rpm_limit=defaults["rpmLimit"],
        applies=False,
    )
    applies = gateway_version() >= _USER_BUDGET_BINDS
    return _judged([_user_level(user, found, applies=applies), new_key], found, now)


def limits_in_team(team: Team, user: User | None, *, now: datetime) -> Effective:
    """What holds for a key of `team` that `user` owns, apart from the key's own limits; without a user for a service
    key."""
    member = Member.objects.current().filter(team=team, user=user).first() if user else None
    return _in_team(team, user, member, _spends_of(user, [team], [member] if member else []), now)


def limits_in_teams(user: User, *, now: datetime) -> list[tuple[Team, Effective]]:
    """The same for every team that the person is in, by its name."""
    places = Member.objects.current().filter(user=user, team__in=Team.objects.active())
    members = list(places.select_related("team").order_by("team__name", "pk"))
    spends = _spends_of(user, [member.team for member in members], members)
    return [
        (member.team, _in_team(member.team, user, member, _of(spends, user, member), now))
        for member in members
    ]


def _spends_of(user: User | None, teams: list[Team], members: list[Member]) -> list[GatewaySpend]:
    wanted = Q(kind="team", object_id__in=[team.pk for team in teams])
    wanted |= Q(kind="member", object_id__in=[member.pk for member in members])
    if user:
        wanted |= Q(kind="user", object_id=user.pk)
    return list(GatewaySpend.objects.filter(wanted))


def _of(spends: list[GatewaySpend], user: User, member: Member) -> list[GatewaySpend]:
    return [row for row in spends if row.object_id in {user.pk, member.team_id, member.pk}]


def _in_team(
    team: Team, user: User | None, member: Member | None, spends: list[GatewaySpend], now: datetime
) -> Effective:
    levels = []
    if user is not None:
        binds = gateway_version() >= _USER_BUDGET_BINDS and settings.GATEWAY_USER_BUDGET_BINDS_TEAM_KEYS
        levels.append(_user_level(user, spends, applies=binds))
    levels.append(_team_level(team, spends))
    if member is not None and member.max_budget is not None:
        levels.append(_member_level(member, team, spends))
    return _judged(levels, spends, now)


def gateway_version() -> tuple[int, ...]:
    """The connected gateway's, as the workers saw it last; without their word the newest that we know."""
    try:
        return tuple(cache.get(GATEWAY_VERSION) or _NEWEST)
    except RedisError:
        return _NEWEST


def gateway_is_enterprise() -> bool:
    """Whether the connected gateway can enforce what needs a licence, as the workers saw it last; else no."""
    try:
        return bool(cache.get(GATEWAY_IS_ENTERPRISE))
    except RedisError:
        return False


def _user_budget_binds(key: ApiKey) -> bool:
    if gateway_version() < _USER_BUDGET_BINDS:
        return False
    return key.team_id is None or settings.GATEWAY_USER_BUDGET_BINDS_TEAM_KEYS


def _member(key: ApiKey) -> Member | None:
    if key.team_id is None or key.owner_id is None:
        return None
    return Member.objects.current().filter(team=key.team_id, user=key.owner_id).first()


def _spends(key: ApiKey, member: Member | None) -> list[GatewaySpend]:
    wanted = Q(kind="key", object_id=key.pk)
    if key.owner_id:
        wanted |= Q(kind="user", object_id=key.owner_id)
    if key.team_id:
        wanted |= Q(kind="team", object_id=key.team_id)
    if member is not None:
        wanted |= Q(kind="member", object_id=member.pk)
    return list(GatewaySpend.objects.filter(wanted))


def _counted(spends: list[GatewaySpend], kind: str) -> dict[str, Any]:
    mine = [row for row in spends if row.kind == kind]
    resets = [row.budget_reset_at for row in mine if row.budget_reset_at is not None]
    return {
        "spend": sum((row.spend for row in mine), Decimal()) if mine else None,
        "budget_reset_at": min(resets) if resets else None,
    }


def _key_level(key: ApiKey, spends: list[GatewaySpend], now: datetime) -> Level:
    counted = _counted(spends, "key")
    parts = {
        "spend": counted["spend"],
        "spend_parts": sum(row.kind == "key" for row in spends),
    }
    current, former = secret_facts(key.secrets.all())
    return Level(
        "key",
        id=str(key.pk),
        name=key.name,
        max_budget=key.max_budget,
        spend=spent_by(parts, current, former, now).amount,
        budget_window=key.budget_window,
        budget_reset_at=counted["budget_reset_at"],
        tpm_limit=key.tpm_limit,
        rpm_limit=key.rpm_limit,
        max_parallel_requests=key.max_parallel_requests,
    )


def _user_level(user: User, spends: list[GatewaySpend], *, applies: bool) -> Level:
    return Level(
        "user",
        id=str(user.pk),
        name=user.display_name,
        max_budget=user.max_budget,
        budget_window=user.budget_window,
        tpm_limit=user.tpm_limit,
        rpm_limit=user.rpm_limit,
        applies=applies,
        **_counted(spends, "user"),
    )


def _team_level(team: Team, spends: list[GatewaySpend]) -> Level:
    counted = _counted(spends, "team")
    if counted["spend"] is not None:
        counted["spend"] = team.spend_since_reset(counted["spend"], counted["budget_reset_at"])
    return Level(
        "team",
        id=str(team.pk),
        name=team.name,
        max_budget=team.max_budget,
        budget_window=team.budget_window,
        tpm_limit=team.tpm_limit,
        rpm_limit=team.rpm_limit,
        **counted,
    )


def _member_level(member: Member, team: Team, spends: list[GatewaySpend]) -> Level:
    return Level(
        "member",
        id=str(member.pk),
        name=team.name,
        max_budget=member.max_budget,
        budget_window=team.budget_window,
        **_counted(spends, "member"),
    )


def _model_levels(key: ApiKey, model_id: str | None) -> list[Level]:
    named = sorted({*key.model_rpm_limit, *key.model_tpm_limit, *key.model_max_budget})
    return [
        Level(
            "model",
            id=name,
            name=name,
            # What the gateway counts per key and model it tells nobody.
            max_budget=_model_budget(key, name),
            budget_window=key.model_max_budget.get(name, {}).get("timePeriod", ""),
            rpm_limit=key.model_rpm_limit.get(name),
            tpm_limit=key.model_tpm_limit.get(name),
            # Holds for calls of this model alone.
            applies=model_id is not None,
        )
        for name in named
        if model_id in {None, name}
    ]


def _model_budget(key: ApiKey, name: str) -> Decimal | None:
    limit = key.model_max_budget.get(name)
    return Decimal(str(limit["budgetLimit"])) if limit else None


def _judged(levels: list[Level], spends: list[GatewaySpend], now: datetime) -> Effective:
    """Marks what binds. Where a budget's spend is unknown, nobody can say which budget is used up first."""
    budgets = [level for level in levels if level.applies and level.max_budget is not None]
    known = [(level.remaining, level) for level in budgets if level.remaining is not None]
    if known and len(known) == len(budgets):
        min(known, key=lambda pair: pair[0])[1].binds.add("budget")
    elif len(budgets) == 1:
        budgets[0].binds.add("budget")
    for name, word in (("tpm_limit", "tpm"), ("rpm_limit", "rpm"), ("max_parallel_requests", "parallel")):
        # A person's rates hold for team keys, too.
        given = [level for level in levels if _rate(level, name) is not None]
        if given:
            min(given, key=lambda level: _rate(level, name) or 0).binds.add(word)
    as_of = min((row.as_of for row in spends), default=now)
    return Effective(levels, as_of)


def _rate(level: Level, name: str) -> int | None:
    counts = level.applies or level.level == "user"
    value: int | None = getattr(level, name) if counts else None
    return value
