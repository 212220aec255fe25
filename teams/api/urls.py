"""Routes of teams, below /api/v1. Their keys are in `apikeys.api`, their analytics in `usage.api`."""

from litemaas.api.routes import route
from teams.api import people, views

_TEAM = "teams/<uuid:team_id>"
_MEMBER = f"{_TEAM}/members/<uuid:user_id>"
_INVITATION = f"{_TEAM}/invitations/<uuid:invitation_id>"

urlpatterns = [
    route("teams", views.TeamsView.as_view(), "api-teams"),
    route(_TEAM, views.TeamView.as_view(), "api-team"),
    route(f"{_TEAM}/sync", views.SyncView.as_view(), "api-team-sync"),
    route(f"{_TEAM}/budget", views.BudgetView.as_view(), "api-team-budget"),
    route(f"{_TEAM}/reset-spend", views.ResetSpendView.as_view(), "api-team-reset-spend"),
    route(f"{_TEAM}/members", people.MembersView.as_view(), "api-team-members"),
    route(_MEMBER, people.MemberView.as_view(), "api-team-member"),
    route(f"{_TEAM}/invitations", people.InvitationsView.as_view(), "api-team-invitations"),
    route(_INVITATION, people.InvitationView.as_view(), "api-team-invitation"),
    route(f"{_INVITATION}/resend", people.ResendView.as_view(), "api-team-invitation-resend"),
    route("invitations", people.OwnInvitationsView.as_view(), "api-own-invitations"),
    route("invitations/<str:token>/accept", people.AcceptView.as_view(), "api-accept-invitation"),
    route("invitations/<str:token>/decline", people.DeclineView.as_view(), "api-decline-invitation"),
]
