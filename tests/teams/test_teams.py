"""Making, changing and ending teams."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from accounts.options import change_options
from litellm_sync.models import GatewayObject, GatewaySpend
from litemaas import errors
from teams import services
from teams.errors import DefaultTeamStays, TeamHasSpent, TeamNameTaken
from teams.models import DEFAULT_TEAM_ID, Invitation, Team
from teams.roles import role_in
from tests.concurrency import in_parallel
from tests.factories import NOW, ModelFactory, TeamFactory, UserFactory
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def create(actor, name="Chemistry", **values):
    return services.create_team(actor=actor, name=name, now=NOW, **values)


def change(actor, team, **changes):
    return services.change_team(actor=actor, team_id=team.pk, changes=changes, now=LATER)


def is_dirty(kind, pk):
    return GatewayObject.objects.dirty().filter(kind=kind, object_id=pk).exists()


@pytest.fixture
def everybody_may_create(operator):
    change_options(actor=operator, values={"usersMayCreateTeams": True}, action="TEST", now=NOW)


def test_who_makes_a_team_looks_after_it(operator):
    model, other = ModelFactory(), UserFactory()
    team = create(
        operator,
        alias="chem",
        max_budget=Decimal("12.5"),
        budget_window="1mo",
        allowed_models=[model.pk],
        admin_ids=[other.pk],
        metadata={"costCentre": "7"},
    )
    assert (team.max_budget, team.budget_window, team.created_by) == (Decimal("12.5"), "monthly", operator)
    assert role_in(team.pk, operator.pk) == role_in(team.pk, other.pk) == "admin"
    assert list(team.allowed_models.all()) == [model]
    assert is_dirty("team", team.pk)
    new = AuditEvent.objects.get(action="TEAM_CREATE").new_values
    assert (new["maxBudget"], new["allowedModels"]) == ("12.5", [model.pk])


def test_people_make_teams_only_where_the_setting_lets_them(member):
    with pytest.raises(errors.Forbidden):
        create(member)


def test_a_team_of_ones_own_has_ones_own_limits(everybody_may_create):
    user = UserFactory(max_budget=Decimal(5), budget_window="weekly", rpm_limit=7)
    team = create(user)
    assert (team.max_budget, team.budget_window, team.rpm_limit) == (Decimal(5), "weekly", 7)
    with pytest.raises(errors.InvalidInput) as refusal:
        create(user, "Other", max_budget=Decimal(50), admin_ids=[UserFactory().pk])
    assert set(refusal.value.fields) == {"maxBudget", "adminIds"}


def test_a_reader_makes_no_team(everybody_may_create):
    with pytest.raises(errors.Forbidden):
        create(UserFactory(roles=["readonly"]))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"max_budget": Decimal(-1)}, "maxBudget"),
        ({"max_budget": Decimal(1), "soft_budget": Decimal(2)}, "softBudget"),
        ({"budget_window": "sometimes"}, "budgetDuration"),
        ({"rpm_limit": -1}, "rpmLimit"),
        ({"allowed_models": ["nobody/knows"]}, "allowedModels"),
        ({"name": " "}, "name"),
        ({"alias": "x" * 256}, "alias"),
        ({"metadata": {str(n): n for n in range(99)}}, "metadata"),
    ],
)
def test_values_that_make_no_sense_are_named(operator, team, wrong, field):
    with pytest.raises(errors.InvalidInput) as refusal:
        change(operator, team, **wrong)
    assert set(refusal.value.fields) == {field}


def test_an_unknown_administrator_is_refused(operator):
    with pytest.raises(errors.InvalidInput) as refusal:
        create(operator, admin_ids=[UserFactory(is_active=False).pk])
    assert "adminIds" in refusal.value.fields
    assert not Team.objects.filter(name="Chemistry").exists()


def test_a_name_belongs_to_one_active_team(operator, team):
    with pytest.raises(TeamNameTaken):
        create(operator, "PHYSICS")
    change(operator, team, is_active=False)
    second = create(operator, "Physics")
    with pytest.raises(TeamNameTaken):
        change(operator, team, is_active=True)
    change(operator, second, name="New physics")
    assert change(operator, team, is_active=True).deactivated_at is None


@pytest.mark.django_db(transaction=True)
def test_one_of_many_gets_a_name_at_the_same_moment(operator):
    answers = in_parallel(5, lambda: create(operator, "Taken"))
    assert sorted(type(answer).__name__ for answer in answers) == ["Team", *["TeamNameTaken"] * 4]
    assert Team.objects.filter(name="Taken").count() == 1


def test_a_team_administrator_changes_what_it_is_called(head, team):
    change(head, team, name="Astrophysics", description="Stars")
    event = AuditEvent.objects.get(action="TEAM_UPDATE")
    assert event.old_values == {"name": "Physics", "description": ""}
    assert event.new_values == {"name": "Astrophysics", "description": "Stars"}


@pytest.mark.parametrize(
    "changes", [{"max_budget": Decimal(9)}, {"is_active": False}, {"allowed_models": []}]
)
def test_limits_are_the_operators_affair(head, team, changes):
    with pytest.raises(errors.Forbidden):
        change(head, team, **changes)


def test_others_change_nothing(member, team):
    with pytest.raises(errors.Forbidden):
        change(member, team, name="Mine")
    with pytest.raises(errors.NotFound):
        change(UserFactory(), team, name="Mine")
    with pytest.raises(errors.Forbidden):
        change(UserFactory(is_auditor=True), team, name="Mine")


def test_changing_nothing_leaves_no_trace(operator, team):
    change(operator, team, name="Physics", max_budget=None)
    assert not AuditEvent.objects.exists()
    assert not is_dirty("team", team.pk)


def test_none_clears_a_limit(operator, team):
    change(operator, team, max_budget=Decimal(5), budget_window="daily", metadata={"a": 1})
    team = change(operator, team, max_budget=None, budget_window=None, metadata=None)
    assert (team.max_budget, team.budget_window, team.metadata) == (None, "", {})


def test_a_budget_is_not_lowered_below_what_members_were_given(operator, head, team):
    change(operator, team, max_budget=Decimal(100))
    services.change_member(actor=head, team_id=team.pk, user_id=head.pk, max_budget=Decimal(40), now=LATER)
    with pytest.raises(errors.InvalidInput, match="add up to 40"):
        change(operator, team, max_budget=Decimal(39))
    assert change(operator, team, max_budget=Decimal(40)).max_budget == 40


def test_a_new_window_is_told_to_the_gateway_for_each_member_with_a_budget(operator, head, team):
    services.change_member(actor=head, team_id=team.pk, user_id=head.pk, max_budget=Decimal(4), now=LATER)
    GatewayObject.objects.all().delete()
    change(operator, team, budget_window="daily")
    kinds = GatewayObject.objects.dirty().values_list("kind", flat=True)
    assert sorted(kinds) == ["member", "team"]


def test_a_deleted_team_is_seen_by_nobody(operator, team, head):
    Invitation.objects.create(team=team, email="a@b.example", token_hash="x", expires_at=LATER)
    services.delete_team(actor=operator, team_id=team.pk, reason="Project over", now=NOW)
    assert not Team.objects.visible_to(operator).filter(pk=team.pk).exists()
    assert not Team.objects.visible_to(head).filter(pk=team.pk).exists()
    assert Invitation.objects.get().status == "revoked"
    assert AuditEvent.objects.get(action="TEAM_DELETE").metadata == {"reason": "Project over"}
    assert is_dirty("team", team.pk)
    with pytest.raises(errors.NotFound):
        services.delete_team(actor=operator, team_id=team.pk, now=LATER)


@pytest.mark.parametrize(("spend", "may"), [(None, False), ("0.1", False), ("0", True)])
def test_a_team_administrator_deletes_only_what_has_cost_nothing(head, team, spend, may):
    GatewayObject.objects.create(
        kind="team", object_id=team.pk, applied=1, requested=1, dirty_since=NOW, not_before=NOW
    )
    if spend is not None:
        GatewaySpend.objects.create(
            kind="team", gateway_id=str(team.pk), object_id=team.pk, spend=spend, as_of=NOW
        )
    if may:
        assert services.delete_team(actor=head, team_id=team.pk, now=LATER).deleted_at
    else:
        with pytest.raises(TeamHasSpent):
            services.delete_team(actor=head, team_id=team.pk, now=LATER)


def test_a_team_that_the_gateway_never_heard_of_has_cost_nothing(head, team):
    assert services.delete_team(actor=head, team_id=team.pk, now=LATER).deleted_at


def test_members_delete_no_team(member, team):
    with pytest.raises(errors.Forbidden):
        services.delete_team(actor=member, team_id=team.pk, now=LATER)


def test_the_default_team_stays(operator):
    with pytest.raises(DefaultTeamStays):
        services.delete_team(actor=operator, team_id=DEFAULT_TEAM_ID, now=LATER)
    default = Team.objects.get(pk=DEFAULT_TEAM_ID)
    with pytest.raises(DefaultTeamStays):
        change(operator, default, is_active=False)
    assert change(operator, default, name="All of us", max_budget=Decimal(3)).name == "All of us"


def test_resetting_spend_needs_a_reason_and_the_right(operator, head, team):
    with pytest.raises(errors.Forbidden):
        services.reset_team_spend(actor=head, team_id=team.pk, reason="x", now=LATER)
    with pytest.raises(errors.InvalidInput):
        services.reset_team_spend(actor=operator, team_id=team.pk, reason=" ", now=LATER)
    services.reset_team_spend(actor=operator, team_id=team.pk, reason="Granted", now=LATER)
    assert is_dirty("team", team.pk)
    assert AuditEvent.objects.get(action="TEAM_SPEND_RESET").metadata == {"reason": "Granted"}


def test_what_changes_for_keys_is_told_above(operator, team, monkeypatch):
    told = []
    monkeypatch.setattr(services.team_changed, "_listeners", [lambda changed, now: told.append(changed.pk)])
    change(operator, team, description="Nothing to keys")
    assert told == []
    change(operator, team, allowed_models=[ModelFactory().pk])
    change(operator, team, is_active=False)
    services.delete_team(actor=operator, team_id=team.pk, now=LATER)
    assert told == [team.pk] * 3


def test_roles_follow_the_rows(team, head, member):
    gone = UserFactory()
    put_in(team, gone, removed_at=LATER)
    assert [role_in(team.pk, user.pk) for user in (head, member, gone)] == ["admin", "member", None]
    assert role_in(DEFAULT_TEAM_ID, gone.pk) == "member"
    assert role_in(TeamFactory().pk, None) is None
