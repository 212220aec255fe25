"""Teams in Django admin: looked at by operators, changed through the use cases."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from teams import services
from teams.models import Invitation, Member, Team, TeamGroup
from teams.roles import role_in
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(client, operator):
    client.force_login(operator)
    return client


def address(model, page="changelist", *args):
    return reverse(f"admin:teams_{model._meta.model_name}_{page}", args=args)


def act(client, action, row, **more):
    body = {"action": action, "_selected_action": [str(row.pk)], "confirmed": "yes", **more}
    return client.post(address(type(row)), body, follow=True)


def test_a_team_is_switched_off_and_on_and_deleted(browser, team):
    act(browser, "deactivate", team)
    assert not Team.objects.get(pk=team.pk).is_active
    act(browser, "activate", team)
    assert Team.objects.get(pk=team.pk).is_active
    act(browser, "delete_teams", team, reason="Over")
    assert Team.objects.get(pk=team.pk).deleted_at
    assert AuditEvent.objects.get(action="TEAM_DELETE").metadata == {"reason": "Over"}


def test_members_get_roles_and_leave(browser, team, head, member):
    row = Member.objects.get(team=team, user=member)
    for action, role in (("make_viewer", "viewer"), ("make_member", "member"), ("make_admin", "admin")):
        act(browser, action, row)
        assert role_in(team.pk, member.pk) == role
    act(browser, "remove", row, reason="Left")
    assert role_in(team.pk, member.pk) is None
    last = act(browser, "make_member", Member.objects.get(team=team, user=head))
    assert "last administrator" in last.text


def test_an_invitation_is_taken_back_and_its_token_is_not_shown(browser, head, team):
    row = services.invite(actor=head, team_id=team.pk, email="a@example.com", now=timezone.now()).invitation
    page = browser.get(address(Invitation, "change", row.pk))
    assert row.token_hash not in page.text
    act(browser, "revoke", row)
    assert Invitation.objects.get().status == "revoked"


def test_groups_are_mapped_moved_and_taken_away(browser, team):
    body = {"team": str(team.pk), "group": "physicists", "role": "member"}
    browser.post(address(TeamGroup, "add"), body)
    row = TeamGroup.objects.get()
    assert (row.team, row.group, row.role) == (team, "physicists", "member")
    browser.post(address(TeamGroup, "change", row.pk), body | {"role": "viewer"})
    assert list(team.groups.values_list("group", "role")) == [("physicists", "viewer")]
    other = TeamFactory()
    browser.post(address(TeamGroup, "change", TeamGroup.objects.get().pk), body | {"team": str(other.pk)})
    assert not team.groups.exists()
    assert list(other.groups.values_list("group", "role")) == [("physicists", "member")]
    browser.post(address(TeamGroup, "delete", TeamGroup.objects.get().pk), {"post": "yes"})
    assert not TeamGroup.objects.exists()
    assert AuditEvent.objects.filter(action="TEAM_UPDATE").count() == 5


def test_a_read_only_administrator_changes_nothing(client, team, member):
    client.force_login(UserFactory(is_auditor=True))
    assert client.get(address(Team, "change", team.pk)).status_code == 200
    act(client, "deactivate", team)
    assert Team.objects.get(pk=team.pk).is_active
    assert client.get(address(TeamGroup, "add")).status_code == 403
    row = TeamGroup.objects.create(team=team, group="a")
    assert client.post(address(TeamGroup, "delete", row.pk), {"post": "yes"}).status_code == 403
    expires = timezone.now() + timedelta(days=1)
    Invitation.objects.create(team=team, user=member, token_hash="x", expires_at=expires)
    for model in (Member, Invitation, TeamGroup):
        assert client.get(address(model)).status_code == 200
