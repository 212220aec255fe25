"""Use cases of teams."""

from teams.services.groups import set_group_memberships, set_team_groups
from teams.services.hooks import membership_changed, team_changed
from teams.services.invitations import (
    IssuedInvitation,
    accept_invitation,
    decline_invitation,
    expire_invitations,
    invite,
    resend_invitation,
    revoke_invitation,
)
from teams.services.members import add_member, change_member, remove_member
from teams.services.teams import (
    change_team,
    create_team,
    delete_team,
    end_spend_offsets,
    push_team,
    reset_team_spend,
)

__all__ = [
    "IssuedInvitation",
    "accept_invitation",
    "add_member",
    "change_member",
    "change_team",
    "create_team",
    "decline_invitation",
    "delete_team",
    "end_spend_offsets",
    "expire_invitations",
    "invite",
    "membership_changed",
    "push_team",
    "remove_member",
    "resend_invitation",
    "reset_team_spend",
    "revoke_invitation",
    "set_group_memberships",
    "set_team_groups",
    "team_changed",
]
