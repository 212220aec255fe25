"""Places that groups of the identity provider give and take."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from litemaas import errors
from teams import services
from teams.models import Member
from teams.roles import role_in
from tests.factories import NOW, TeamFactory, UserFactory
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def mapped(operator, team):
    groups = {"physicists": "member", "professors": "admin"}
    services.set_team_groups(actor=operator, team_id=team.pk, groups=groups, now=NOW)
    return team


def sign_in(user, *groups):
    services.set_group_memberships(user, groups, LATER)


def test_a_group_gives_a_place_and_takes_it_away(mapped):
    user = UserFactory()
    sign_in(user, "physicists", "elsewhere")
    row = Member.objects.get(team=mapped, user=user)
    assert (row.role, row.source, row.is_current) == ("member", "group", True)
    sign_in(user, "elsewhere")
    assert role_in(mapped.pk, user.pk) is None


def test_of_two_groups_the_higher_role_counts_and_follows(mapped):
    user = UserFactory()
    sign_in(user, "physicists", "professors")
    assert role_in(mapped.pk, user.pk) == "admin"
    sign_in(user, "physicists")
    assert role_in(mapped.pk, user.pk) == "member"
    assert AuditEvent.objects.filter(action="TEAM_MEMBER_ROLE_UPDATE", actor=None).count() == 1


def test_what_a_person_gave_stays(mapped, member):
    sign_in(member, "professors")
    assert role_in(mapped.pk, member.pk) == "member"
    sign_in(member)
    assert role_in(mapped.pk, member.pk) == "member"


def test_what_a_person_changed_is_a_persons_gift(mapped, head):
    user = UserFactory()
    sign_in(user, "physicists")
    services.change_member(actor=head, team_id=mapped.pk, user_id=user.pk, role="viewer", now=LATER)
    sign_in(user)
    assert role_in(mapped.pk, user.pk) == "viewer"


def test_signing_in_again_changes_nothing(mapped):
    user = UserFactory()
    sign_in(user, "physicists")
    before = AuditEvent.objects.count()
    sign_in(user, "physicists")
    assert AuditEvent.objects.count() == before


def test_a_group_takes_even_the_last_administrator_away(operator):
    team, user = TeamFactory(), UserFactory()
    services.set_team_groups(actor=operator, team_id=team.pk, groups={"heads": "admin"}, now=NOW)
    sign_in(user, "heads")
    sign_in(user)
    assert role_in(team.pk, user.pk) is None


def test_a_switched_off_team_takes_nobody_in(operator, mapped):
    services.change_team(actor=operator, team_id=mapped.pk, changes={"is_active": False}, now=NOW)
    user = UserFactory()
    sign_in(user, "physicists")
    assert role_in(mapped.pk, user.pk) is None


def test_groups_are_the_operators_affair(operator, head, team):
    with pytest.raises(errors.Forbidden):
        services.set_team_groups(actor=head, team_id=team.pk, groups={"a": "admin"}, now=NOW)
    with pytest.raises(errors.InvalidInput):
        services.set_team_groups(actor=operator, team_id=team.pk, groups={"a": "boss"}, now=NOW)
    services.set_team_groups(actor=operator, team_id=team.pk, groups={" a ": "viewer", "": "admin"}, now=NOW)
    assert list(team.groups.values_list("group", "role")) == [("a", "viewer")]


def test_somebody_without_groups_costs_one_look(mapped, django_assert_num_queries):
    user = UserFactory()
    put_in(TeamFactory(), user)
    # The look for places that a group gave, and the savepoint around it.
    with django_assert_num_queries(3):
        sign_in(user)
