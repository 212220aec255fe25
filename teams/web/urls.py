from django.urls import path

from teams.web import answers, members, settings, views

_TEAM = "teams/<uuid:team_id>"
_MEMBER = f"{_TEAM}/members/<uuid:user_id>"
_INVITATION = f"{_TEAM}/invitations/<uuid:invitation_id>"

urlpatterns = [
    path("teams", views.teams, name="teams"),
    path("teams/new", settings.new, name="new_team"),
    path(_TEAM, views.team, name="team"),
    path(f"{_TEAM}/members", members.listed, name="team_members"),
    path(f"{_TEAM}/members/add", members.add, name="add_team_member"),
    path(f"{_MEMBER}/change", members.change, name="change_team_member"),
    path(f"{_MEMBER}/remove", members.remove, name="remove_team_member"),
    path(f"{_TEAM}/invitations", members.invitations, name="team_invitations"),
    path(f"{_TEAM}/invitations/new", members.invite, name="invite_to_team"),
    path(f"{_INVITATION}/resend", members.resend, name="resend_team_invitation"),
    path(f"{_INVITATION}/revoke", members.revoke, name="revoke_team_invitation"),
    path(f"{_TEAM}/settings", settings.change, name="team_settings"),
    path(f"{_TEAM}/active", settings.switch, name="switch_team"),
    path(f"{_TEAM}/delete", settings.delete, name="delete_team"),
    path(f"{_TEAM}/reset-spend", settings.reset_spend, name="reset_team_spend"),
    path("invitations/<str:handle>", answers.invitation, name="invitation"),
    path("invitations/<str:handle>/accept", answers.accept, name="accept_invitation"),
    path("invitations/<str:handle>/decline", answers.decline, name="decline_invitation"),
]
