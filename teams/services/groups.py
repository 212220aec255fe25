"""What groups of the identity provider give and take."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import SYSTEM, Actor, User
from litemaas import errors
from teams import policies, roles
from teams.models import Member, Team, TeamGroup
from teams.services.places import change_role, give_up_place, take_place
from teams.services.teams import locked

_HIGHEST_FIRST = (roles.ADMIN, roles.MEMBER, roles.VIEWER)


@transaction.atomic
def set_group_memberships(user: User, groups: Iterable[str], now: datetime) -> None:
    """Bring the places that groups give in line with the groups that the provider named at sign-in.

    Runs in the caller's transaction. Places that a person gave stay as they are; those that a group gave end with it,
    also the last administrator's: the provider decides about its groups.
    """
    wanted = _wanted(groups)
    given = Member.objects.current().filter(user=user, source=Member.Source.GROUP)
    touched = sorted(set(wanted) | set(given.values_list("team_id", flat=True)))
    if not touched:
        return
    # Locked in one order; a team that was deleted meanwhile gives nothing.
    teams = Team.objects.filter(pk__in=touched).order_by("pk").select_for_update(no_key=True)
    places = {row.team_id: row for row in Member.objects.current().filter(user=user, team_id__in=touched)}
    for team in teams:
        _bring_in_line(team, user, places.get(team.pk), wanted.get(team.pk), now)


def _wanted(groups: Iterable[str]) -> dict[UUID, str]:
    """Team → the highest role that one of the groups gives there."""
    rows = TeamGroup.objects.filter(group__in=set(groups), team__is_active=True)
    found: dict[UUID, str] = {}
    for team_id, role in rows.values_list("team_id", "role"):
        found[team_id] = min(role, found.get(team_id, role), key=_HIGHEST_FIRST.index)
    return found


def _bring_in_line(team: Team, user: User, place: Member | None, role: str | None, now: datetime) -> None:
    if place is None:
        if role is not None and team.is_active:
            take_place(team, user, role=role, actor=SYSTEM, source=Member.Source.GROUP, now=now)
    elif place.source == Member.Source.GROUP and place.role != role:
        if role is None:
            give_up_place(place, actor=SYSTEM, reason="No longer in a group of the team.", now=now)
        else:
            change_role(place, role, actor=SYSTEM, now=now)


@transaction.atomic
def set_team_groups(
    *, actor: Actor, team_id: UUID | str, groups: dict[str, str], now: datetime
) -> list[TeamGroup]:
    """Say which groups of the identity provider lead into the team, as group → role. Effective with the next sign-in
    of each person.

    Nothing outside of the database follows, so it may be part of a larger transaction (Django admin's).
    """
    team = locked(actor, team_id)
    if not policies.may_write_all(actor):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    wanted = {name.strip(): role for name, role in groups.items() if name.strip()}
    if any(len(name) > 255 or role not in Member.Role.values for name, role in wanted.items()):
        raise errors.InvalidInput(fields={"groups": _("Give each group a role: admin, member or viewer.")})
    old = dict(team.groups.values_list("group", "role"))
    if wanted != old:
        team.groups.all().delete()
        TeamGroup.objects.bulk_create(
            TeamGroup(team=team, group=g, role=r) for g, r in sorted(wanted.items())
        )
        was, now_is = {"groups": old}, {"groups": wanted}
        audit.record("TEAM_UPDATE", actor=actor, obj=team, at=now, old=was, new=now_is)
    return list(team.groups.order_by("group"))
