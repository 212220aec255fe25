"""Routes of teams, below /api/v1. Their keys are in `apikeys.api`, their analytics in `usage.api`."""

from litemaas.api.routes import route
from teams.api import people, views

_TEAM = "teams/<uuid:team_id>"
_MEMBER = f"{_TEAM}/members/<uuid:user_id>"
_INVITATION = f"{_TEAM}/invitations/<uuid:invitation_id>"

urlpatterns = [
    route("teams", views.TeamsView.as_view(), "teams"),
    route(_TEAM, views.TeamView.as_view(), "team"),
    route(f"{_TEAM}/sync", views.SyncView.as_view(), "team-sync"),
    route(f"{_TEAM}/budget", views.BudgetView.as_view(), "team-budget"),
    route(f"{_TEAM}/reset-spend", views.ResetSpendView.as_view(), "team-reset-spend"),
    route(f"{_TEAM}/members", people.MembersView.as_view(), "team-members"),
    route(_MEMBER, people.MemberView.as_view(), "team-member"),
    route(f"{_TEAM}/invitations", people.InvitationsView.as_view(), "team-invitations"),
    route(_INVITATION, people.InvitationView.as_view(), "team-invitation"),
    route(f"{_INVITATION}/resend", people.ResendView.as_view(), "team-invitation-resend"),
    route("invitations", people.OwnInvitationsView.as_view(), "own-invitations"),
    route("invitations/<str:token>/accept", people.AcceptView.as_view(), "accept-invitation"),
    route("invitations/<str:token>/decline", people.DeclineView.as_view(), "decline-invitation"),
]
