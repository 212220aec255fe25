"""The effective limits of keys, people and teams in the shape that pages show (`{% effective_limits %}`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from apikeys.limits import Effective, Level, limits_in_team, limits_in_teams, limits_of_key, limits_of_user
from apikeys.models import ApiKey
from litemaas.web.limits import LimitLevel
from teams.models import Team

# From the person to the model: the order of ui.md §3.11.
_ORDER = ("user", "default", "team", "member", "key", "model")
_TITLES = {
    "key": gettext_lazy("This key"),
    "user": gettext_lazy("You"),
    "team": gettext_lazy("Team"),
    "member": gettext_lazy("Your place in the team"),
    "model": gettext_lazy("Model"),
    "default": gettext_lazy("What a new key gets"),
}
_TITLES_FOR_OTHERS = {"user": gettext_lazy("User"), "member": gettext_lazy("The place in the team")}
_NOTES = {
    "user": gettext_lazy("The budget does not hold for keys of a team."),
    "model": gettext_lazy("Holds for calls of this model only."),
    "default": gettext_lazy("Unless you say otherwise."),
}


@dataclass(frozen=True)
class LimitView:
    """One stack of limits under a heading. `as_of` is when the gateway last told what was spent."""

    title: str
    levels: list[LimitLevel]
    as_of: datetime
    href: str = ""


def of_key(key: ApiKey, viewer: User, *, now: datetime) -> LimitView:
    """`key` has owner, team and secrets at hand."""
    found = limits_of_key(key, now=now)
    return LimitView(_("What limits this key"), _levels(found, viewer, key.owner), found.as_of)


def of_user(user: User, viewer: User, *, now: datetime) -> list[LimitView]:
    """For keys without a team, then for those of each team that the person is in."""
    alone = limits_of_user(user, now=now)
    views = [LimitView(_("Keys without a team"), _levels(alone, viewer, user), alone.as_of)]
    for team, found in limits_in_teams(user, now=now):
        title = _("Keys of the team %(team)s") % {"team": team.name}
        href = reverse("team", args=[team.pk])
        views.append(LimitView(title, _levels(found, viewer, user), found.as_of, href))
    return views


def shown_in_team(team: Team, viewer: User, is_in: bool) -> list[LimitLevel]:
    """For the viewer's own keys of a team; who is not in it sees what holds for its service keys."""
    user = viewer if is_in else None
    return _levels(limits_in_team(team, user, now=timezone.now()), viewer, user)


def _levels(found: Effective, viewer: User, owner: User | None) -> list[LimitLevel]:
    levels = sorted(found.levels, key=lambda level: _ORDER.index(level.level))
    return [_shown(level, is_mine=owner == viewer) for level in levels]


def _shown(level: Level, *, is_mine: bool) -> LimitLevel:
    titles: dict[str, Any] = _TITLES if is_mine else _TITLES | _TITLES_FOR_OTHERS
    is_named = level.level in {"team", "model"} or (level.level == "user" and not is_mine)
    return LimitLevel(
        titles[level.level],
        name=(level.name or "") if is_named else "",
        href=reverse("team", args=[level.id]) if level.level == "team" else "",
        max_budget=level.max_budget,
        spend=level.spend,
        window=level.budget_window,
        resets_at=level.budget_reset_at,
        tpm_limit=level.tpm_limit,
        rpm_limit=level.rpm_limit,
        max_parallel_requests=level.max_parallel_requests,
        applies=level.applies,
        # A budget that does not exist need not be said not to hold.
        note=_NOTES.get(level.level, "") if level.level != "user" or level.max_budget is not None else "",
        binds=frozenset(level.binds),
    )
