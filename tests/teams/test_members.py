"""Who is in a team, and what happens to it without somebody."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEvent, User
from accounts.services import change_user
from litellm_sync.models import GatewayObject
from litemaas import errors
from teams import services
from teams.errors import AlreadyMember, DefaultTeamStays, LastTeamAdmin, TeamInactive
from teams.models import DEFAULT_TEAM_ID, Member, Team
from teams.roles import role_in
from tests.concurrency import in_parallel
from tests.factories import NOW, TeamFactory, UserFactory
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def add(actor, team, user, **more):
    return services.add_member(actor=actor, team_id=team.pk, user_id=user.pk, now=LATER, **more)


def change(actor, team, user, **more):
    return services.change_member(actor=actor, team_id=team.pk, user_id=user.pk, now=LATER, **more)


def remove(actor, team, user, **more):
    return services.remove_member(actor=actor, team_id=team.pk, user_id=user.pk, now=LATER, **more)


@pytest.fixture
def told(monkeypatch):
    """What the layer above was told."""
    heard = []

    def listen(members, transfer_keys_to, actor, now):
        heard.extend((m.user_id, m.role, m.is_current, transfer_keys_to) for m in members)

    monkeypatch.setattr(services.membership_changed, "_listeners", [listen])
    return heard


def test_an_operator_puts_somebody_in(operator, team, told):
    user = UserFactory()
    row = add(operator, team, user, role="viewer", max_budget=Decimal("2.5"))
    assert (row.role, row.max_budget, row.added_by, row.source) == (
        "viewer",
        Decimal("2.5"),
        operator,
        "manual",
    )
    dirty = set(GatewayObject.objects.dirty().values_list("kind", "object_id"))
    assert dirty == {("user", user.pk), ("member", row.pk)}
    assert told == [(user.pk, "viewer", True, None)]
    with pytest.raises(AlreadyMember):
        add(operator, team, user)


def test_a_team_administrator_invites_instead(head, team):
    with pytest.raises(errors.Forbidden, match="Invite"):
        add(head, team, UserFactory())


def test_nobody_is_put_in_where_it_makes_no_sense(operator, team):
    with pytest.raises(errors.InvalidInput):
        add(operator, team, UserFactory(is_active=False))
    with pytest.raises(errors.InvalidInput):
        add(operator, team, UserFactory(), role="boss")
    with pytest.raises(AlreadyMember):
        add(operator, Team.objects.get(pk=DEFAULT_TEAM_ID), UserFactory())
    services.change_team(actor=operator, team_id=team.pk, changes={"is_active": False}, now=LATER)
    with pytest.raises(TeamInactive):
        add(operator, team, UserFactory())


def test_who_comes_back_has_the_same_place(operator, team, member, told):
    first = Member.objects.get(team=team, user=member)
    remove(operator, team, member)
    again = add(operator, team, member, role="admin")
    assert (again.pk, again.role, again.removed_at, again.joined_at) == (first.pk, "admin", None, LATER)
    assert [row[2] for row in told] == [False, True]


def test_roles_and_budgets_are_the_team_administrators_affair(head, team, member, told):
    change(head, team, member, role="viewer", max_budget=Decimal(3))
    row = Member.objects.get(team=team, user=member)
    assert (row.role, row.max_budget) == ("viewer", 3)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert actions == {"TEAM_MEMBER_ROLE_UPDATE", "TEAM_MEMBER_BUDGET_UPDATE"}
    assert told == [(member.pk, "viewer", True, None)]
    change(head, team, member, max_budget=None)
    row.refresh_from_db()
    assert row.max_budget is None
    change(head, team, member, role="viewer", max_budget=None)
    assert len(told) == 1


def test_members_and_strangers_change_nobody(team, head, member):
    with pytest.raises(errors.Forbidden):
        change(member, team, head, role="viewer")
    with pytest.raises(errors.NotFound):
        change(UserFactory(), team, head, role="viewer")
    with pytest.raises(errors.Forbidden):
        remove(member, team, head)
    with pytest.raises(errors.NotFound):
        change(head, team, UserFactory(), role="viewer")


def test_a_members_budget_stays_within_the_teams(operator, head, team, member):
    services.change_team(actor=operator, team_id=team.pk, changes={"max_budget": Decimal(5)}, now=LATER)
    for wrong in (Decimal(6), Decimal(-1)):
        with pytest.raises(errors.InvalidInput) as refusal:
            change(head, team, member, max_budget=wrong)
        assert "maxBudgetInTeam" in refusal.value.fields


def test_the_last_administrator_stays(operator, head, team, member):
    for act in (
        lambda: change(operator, team, head, role="member"),
        lambda: remove(operator, team, head),
        lambda: remove(head, team, head),
    ):
        with pytest.raises(LastTeamAdmin):
            act()
    change(head, team, member, role="admin")
    remove(head, team, head)
    assert role_in(team.pk, head.pk) is None


def test_an_administrator_whose_account_is_off_does_not_count(operator, head, team, member):
    change(head, team, member, role="admin")
    change_user(actor=operator, user_id=member.pk, is_active=False, now=LATER)
    with pytest.raises(LastTeamAdmin):
        change(operator, team, head, role="member")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", [True, False])
def test_two_administrators_who_step_down_at_once_leave_one(leave):
    team, pair = TeamFactory(), [UserFactory(), UserFactory()]
    for user in pair:
        put_in(team, user, "admin")
    waiting = list(pair)

    def step_down():
        user = waiting.pop()
        return remove(user, team, user) if leave else change(user, team, user, role="member")

    answers = in_parallel(2, step_down)
    assert sorted(type(answer).__name__ for answer in answers) == ["LastTeamAdmin", "Member"]
    assert Member.objects.current().filter(team=team, role="admin").count() == 1


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_put_in_twice_at_once_is_in_once(operator, team):
    user = UserFactory()
    answers = in_parallel(4, lambda: add(operator, team, user))
    assert sorted(type(answer).__name__ for answer in answers) == [*["AlreadyMember"] * 3, "Member"]


def test_who_leaves_is_out_at_once_and_tells_who_takes_the_keys(team, head, member, told):
    remove(member, team, member, reason="New job", transfer_keys_to=head.pk)
    assert role_in(team.pk, member.pk) is None
    assert told == [(member.pk, "member", False, head.pk)]
    event = AuditEvent.objects.get(action="TEAM_MEMBER_REMOVE")
    assert event.metadata == {"reason": "New job", "transferKeysTo": str(head.pk)}
    with pytest.raises(errors.NotFound):
        remove(head, team, member)


def test_only_who_may_hold_keys_takes_them_over(team, head, member):
    viewer, off = UserFactory(), UserFactory(is_active=False)
    put_in(team, viewer, "viewer")
    put_in(team, off)
    for heir in (viewer, off, member, UserFactory()):
        with pytest.raises(errors.InvalidInput) as refusal:
            remove(head, team, member, transfer_keys_to=heir.pk)
        assert "transferKeysTo" in refusal.value.fields


def test_a_reader_does_not_even_leave(team):
    reader = UserFactory(roles=["readonly"])
    put_in(team, reader, "admin")
    with pytest.raises(errors.Forbidden):
        remove(reader, team, reader)


def test_nobody_leaves_the_default_team_and_operators_give_roles_there(operator, member):
    default = Team.objects.get(pk=DEFAULT_TEAM_ID)
    with pytest.raises(DefaultTeamStays):
        remove(operator, default, member)
    with pytest.raises(errors.Forbidden):
        change(member, default, member, role="admin")
    change(operator, default, member, role="viewer")
    assert role_in(DEFAULT_TEAM_ID, member.pk) == "viewer"
    assert Member.objects.get(team=default).source == "manual"
    change(operator, default, member, role="member")
    with pytest.raises(errors.NotFound):
        services.change_member(actor=operator, team_id=default.pk, user_id=default.pk, now=LATER)


def test_everybody_is_counted_in_the_default_team():
    UserFactory(is_active=False)
    UserFactory()
    assert User.objects.active().count() == 1
