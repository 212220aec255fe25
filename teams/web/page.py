"""What all pages of one team share."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from accounts.web.pages import PageRequest
from litemaas import errors
from teams import policies
from teams.listing import with_facts
from teams.models import Member, Team


@dataclass(frozen=True)
class Rights:
    """What the reader may do on the pages of this team."""

    edits: bool
    sees_invitations: bool
    sets_limits: bool
    leaves: bool


def team_for(request: PageRequest, team_id: UUID) -> Any:
    """The team `with_facts`; NotFound for strangers."""
    return with_facts(Team.objects.visible_to(request.user), request.user).get_or_refuse(team_id)


def rights_of(request: PageRequest, team: Any) -> Rights:
    return Rights(
        edits=policies.may_edit(request.user, team.my_role),
        sees_invitations=policies.may_see_invitations(request.user, team.my_role) and not team.is_default,
        sets_limits=policies.may_write_all(request.user),
        leaves=team.my_role is not None and not team.is_default and request.user.may("teams:write"),
    )


def require(is_allowed: bool) -> None:
    if not is_allowed:
        raise errors.Forbidden


def shown(request: PageRequest, template: str, team: Any, **values: Any) -> HttpResponse:
    role = dict(Member.Role.choices).get(team.my_role)
    page = {"team": team, "rights": rights_of(request, team), "my_role": role, **values}
    return render(request, f"teams/{template}.html", page)
