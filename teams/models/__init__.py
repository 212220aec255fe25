"""Teams, their members and invitations: a shared budget, shared keys."""

from teams.models.invitations import Invitation, InvitationQuerySet
from teams.models.members import DEFAULT_TEAM_ID, Member, MemberQuerySet, TeamGroup, is_in_team
from teams.models.teams import AllowedModel, Team, TeamQuerySet

__all__ = [
    "DEFAULT_TEAM_ID",
    "AllowedModel",
    "Invitation",
    "InvitationQuerySet",
    "Member",
    "MemberQuerySet",
    "Team",
    "TeamGroup",
    "TeamQuerySet",
    "is_in_team",
]
