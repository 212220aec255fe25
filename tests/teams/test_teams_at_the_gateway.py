"""Teams and members as the gateway sees them, on good days and on bad ones."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from litellm_sync import outbox
from litellm_sync.differences import differences
from litellm_sync.models import GatewayObject
from litellm_sync.registry import Sighting, mirror_of
from litemaas import errors
from teams import gateway as gateway_module
from teams import services
from teams.listing import with_facts
from teams.models import DEFAULT_TEAM_ID, Member, Team
from teams.roles import role_in
from tests.factories import ModelFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=2)


@pytest.fixture
def there(gateway_client):
    """The gateway's team, or what of it belongs to one member."""

    def look(team, user=None):
        row = gateway_client.get_team(str(team.pk))
        if row is None or user is None:
            return row
        places = [entry for entry in row["members_with_roles"] if entry["user_id"] == str(user.pk)]
        return places[0] if places else None

    return look


@pytest.fixture
def made(gateway, operator, drain):
    team = services.create_team(
        actor=operator,
        name="Chemistry",
        now=timezone.now(),
        max_budget=Decimal("12.5"),
        budget_window="monthly",
        rpm_limit=7,
        metadata={"costCentre": "7"},
    )
    drain()
    return team


def change(actor, team, **changes):
    return services.change_team(actor=actor, team_id=team.pk, changes=changes, now=timezone.now())


def add(actor, team, user, **more):
    return services.add_member(actor=actor, team_id=team.pk, user_id=user.pk, now=timezone.now(), **more)


def remove(actor, team, user, **more):
    return services.remove_member(actor=actor, team_id=team.pk, user_id=user.pk, now=timezone.now(), **more)


def dirty():
    return list(GatewayObject.objects.dirty().values_list("kind", "last_error"))


def test_a_team_is_there_with_its_limits_and_members(made, operator, there):
    row = there(made)
    assert (row["team_alias"], row["max_budget"], row["budget_duration"]) == (
        "Chemistry",
        Decimal("12.5"),
        "1mo",
    )
    assert (row["rpm_limit"], row["models"], row["blocked"]) == (7, [], False)
    assert row["metadata"] == {"portal": "litemaas", "portal_metadata": {"costCentre": "7"}}
    assert there(made, operator)["role"] == "user"
    assert dirty() == []


def test_applying_again_changes_nothing(made, gateway, drain):
    outbox.mark_dirty("team", made.pk, now=timezone.now())
    outbox.mark_dirty("member", Member.objects.get(team=made).pk, now=timezone.now())
    before = len(gateway.describe()["calls"])
    drain()
    calls = gateway.describe()["calls"][before:]
    assert calls
    assert [call for call in calls if call.startswith("POST")] == []
    assert dirty() == []


def test_changes_arrive_and_what_is_not_ours_stays(made, operator, there, gateway_client, drain):
    gateway_client.update_team(str(made.pk), metadata={"theirs": "1"}, tpm_limit=99)
    model = ModelFactory()
    change(
        operator, made, alias="chem", max_budget=None, allowed_models=[model.pk], metadata={"costCentre": "8"}
    )
    drain()
    row = there(made)
    assert (row["team_alias"], row["max_budget"], row["models"]) == ("chem", None, [model.pk])
    assert row["metadata"]["theirs"] == "1"
    assert row["metadata"]["portal_metadata"] == {"costCentre": "8"}
    assert row["tpm_limit"] is None


def test_a_team_that_is_off_or_deleted_is_blocked_and_kept(made, operator, there, drain):
    change(operator, made, is_active=False)
    drain()
    assert there(made)["blocked"] is True
    change(operator, made, is_active=True)
    drain()
    assert not there(made)["blocked"]
    services.delete_team(actor=operator, team_id=made.pk, now=timezone.now())
    drain()
    assert there(made)["blocked"] is True


def test_a_team_deleted_before_it_was_there_is_never_made(gateway, operator, there, drain):
    team = services.create_team(actor=operator, name="Brief", now=timezone.now())
    services.delete_team(actor=operator, team_id=team.pk, now=timezone.now())
    drain()
    assert there(team) is None


@pytest.mark.parametrize("fault", ["status", "lost_reply", "reset", "garbage"])
@pytest.mark.parametrize("path", ["/team/new", "/team/info", "/team/member_add"])
def test_a_bad_day_only_delays(gateway, operator, there, drain, fault, path):
    gateway.faults.add(fault, path, count=1)
    team = services.create_team(actor=operator, name="Late", now=timezone.now())
    drain()
    gateway.faults.clear()
    drain(LATER)
    drain(LATER)
    assert there(team, operator)
    assert dirty() == []


def test_members_come_go_and_come_back(made, operator, member, there, drain):
    add(operator, made, member, max_budget=Decimal(2))
    drain()
    assert there(made, member)
    remove(operator, made, member)
    drain()
    assert there(made, member) is None
    add(operator, made, member)
    drain()
    assert there(made, member)
    assert dirty() == []


def test_a_members_budget_lasts_as_long_as_the_teams(made, operator, member, there, drain):
    add(operator, made, member, max_budget=Decimal(2))
    drain()

    def limits():
        row = next(r for r in there(made)["team_memberships"] if r["user_id"] == str(member.pk))
        return row["litellm_budget_table"]

    assert (limits()["max_budget"], limits()["budget_duration"]) == (2, "1mo")
    change(operator, made, budget_window="daily")
    services.change_member(
        actor=operator, team_id=made.pk, user_id=member.pk, max_budget=Decimal(3), now=timezone.now()
    )
    drain()
    assert (limits()["max_budget"], limits()["budget_duration"]) == (3, "1d")


def test_a_team_that_vanished_comes_back_with_its_members(
    made, operator, member, there, gateway_client, drain
):
    add(operator, made, member)
    drain()
    gateway_client.delete_team(str(made.pk))
    outbox.mark_dirty("team", made.pk, now=timezone.now())
    drain()
    drain()
    assert there(made, member)
    gateway_client.delete_team(str(made.pk))
    outbox.mark_dirty("member", Member.objects.get(team=made, user=member).pk, now=timezone.now())
    drain()
    drain()
    assert there(made, member)
    assert there(made, operator)


def test_a_leavers_key_of_ours_is_waited_for(made, operator, member, there, gateway_client, drain):
    add(operator, made, member)
    drain()
    body = {"user_id": str(member.pk), "team_id": str(made.pk)}
    token = gateway_client.create_key(**body, metadata={"portal_key_id": str(uuid4())})["token"]
    remove(operator, made, member)
    drain()
    assert there(made, member)
    assert gateway_client.get_key(token)
    assert dirty()[0][0] == "member"
    gateway_client.update_key(token, user_id=None)
    drain(LATER)
    assert there(made, member) is None
    assert gateway_client.get_key(token)


def test_a_leavers_key_of_a_stranger_is_an_operators_affair(made, operator, member, gateway_client, drain):
    add(operator, made, member)
    drain()
    token = gateway_client.create_key(user_id=str(member.pk), team_id=str(made.pk), key_alias="theirs")[
        "token"
    ]
    remove(operator, made, member)
    drain()
    row = GatewayObject.objects.get(kind="member", parked_at__isnull=False)
    assert "theirs" in row.last_error
    assert gateway_client.get_key(token)
    gateway_client.delete_key(token)
    outbox.retry(GatewayObject.objects.all(), now=timezone.now())
    drain()
    assert dirty() == []


def spends(gateway, team, amount, **more):
    """What the gateway counts; only its own calls change that."""
    row = gateway.state.teams[str(team.pk)]
    gateway.state.save("teams", str(team.pk), {**row, "spend": float(amount), **more})


def shown(team, viewer):
    return with_facts(Team.objects.all(), viewer).get(pk=team.pk).spend


def test_spend_counts_from_nothing_again_and_the_budget_is_whole(
    made, gateway, operator, there, gateway_client, drain
):
    spends(gateway, made, "5.5")
    services.reset_team_spend(actor=operator, team_id=made.pk, reason="Granted", now=timezone.now())
    drain()
    # LiteLLM can't set it: what it had counted is put on top of the budget.
    assert (there(made)["spend"], there(made)["max_budget"]) == (Decimal("5.5"), Decimal("18"))
    made.refresh_from_db()
    assert (made.max_budget, made.spend_offset) == (Decimal("12.5"), Decimal("5.5"))
    assert shown(made, operator) == 0
    spends(gateway, made, "7.5")
    gateway_module.keep_spend(made, gateway_client)
    assert shown(made, operator) == 2
    assert compare("team", there(made), str(made.pk)) == {}
    outbox.mark_dirty("team", made.pk, now=timezone.now())
    drain()
    assert Team.objects.get(pk=made.pk).spend_offset == Decimal("5.5")


def test_a_second_reset_counts_from_there(made, gateway, operator, there, drain):
    for amount in ("5", "9"):
        spends(gateway, made, amount)
        services.reset_team_spend(actor=operator, team_id=made.pk, reason="Granted", now=timezone.now())
        drain()
        assert there(made)["max_budget"] == Decimal("12.5") + Decimal(amount)
        assert shown(made, operator) == 0


def test_with_a_new_window_the_old_spend_is_forgotten(made, gateway, operator, there, drain):
    spends(gateway, made, "5")
    services.reset_team_spend(actor=operator, team_id=made.pk, reason="Granted", now=timezone.now())
    drain()
    until = Team.objects.get(pk=made.pk).spend_offset_until
    assert services.end_spend_offsets(now=until - timedelta(minutes=1)) == 0
    # The window is over, but LiteLLM has not begun the next one yet.
    assert services.end_spend_offsets(now=until) == 1
    drain(timedelta(days=40))
    assert there(made)["max_budget"] == Decimal("17.5")
    spends(gateway, made, "0", budget_reset_at=(until + timedelta(days=30)).isoformat())
    assert services.end_spend_offsets(now=until) == 1
    drain(timedelta(days=40))
    assert there(made)["max_budget"] == Decimal("12.5")
    assert services.end_spend_offsets(now=until) == 0


def test_another_window_does_not_bring_the_old_spend_back(made, gateway, operator, there, drain):
    spends(gateway, made, "5")
    services.reset_team_spend(actor=operator, team_id=made.pk, reason="Granted", now=timezone.now())
    drain()
    change(operator, made, budget_window="daily")
    drain()
    drain()
    assert there(made)["max_budget"] == Decimal("17.5")
    assert there(made)["budget_duration"] == "1d"


def test_a_budget_with_old_spend_on_top_is_adopted_without_it(made, gateway, operator, there, drain):
    spends(gateway, made, "5")
    services.reset_team_spend(actor=operator, team_id=made.pk, reason="Granted", now=timezone.now())
    drain()
    mirror_of("team").adopt(Sighting(str(made.pk), there(made), made.pk), operator, timezone.now())
    made.refresh_from_db()
    assert made.max_budget == Decimal("12.5")


# --- what the reconciler compares


def compare(kind, row, gateway_id):
    mirror = mirror_of(kind)
    wish = mirror.wishes([gateway_id, "a stranger", "no/uuid", "default_user_id"]).get(gateway_id)
    if wish is None or wish.fields is None:
        return wish
    return {found.field: found.found for found in differences(wish.fields, mirror.read(row))}


def flat(row, user):
    """As the reconciler hands members over."""
    mine = next(r for r in row["team_memberships"] if r["user_id"] == str(user.pk))
    return {"role": "user", **(mine["litellm_budget_table"] or {})}


def test_what_was_applied_is_not_different(made, operator, member, there, drain):
    add(operator, made, member, max_budget=Decimal("1.1"))
    drain()
    assert compare("team", there(made), str(made.pk)) == {}
    assert compare("member", flat(there(made), member), f"{made.pk}/{member.pk}") == {}


def test_what_somebody_changed_over_there_is_found(made, operator, there, gateway_client):
    gateway_client.update_team(str(made.pk), max_budget=99, metadata={"theirs": 1}, models=["x"])
    gateway_client.block_team(str(made.pk))
    found = compare("team", there(made), str(made.pk))
    assert set(found) == {"max_budget", "metadata", "models", "blocked"}


def test_a_leaver_should_not_be_there_and_strangers_are_not_ours(made, operator, member, drain):
    row = add(operator, made, member)
    remove(operator, made, member)
    assert compare("member", {}, f"{made.pk}/{member.pk}").fields is None
    assert mirror_of("member").wishes([]) == {}
    assert mirror_of("team").wishes([str(uuid4())]) == {}
    assert (f"{made.pk}/{member.pk}", row.pk) not in [
        x for batch in mirror_of("member").expected() for x in batch
    ]


def test_expected_is_what_the_gateway_was_told_of(made, operator, member):
    def expected(kind):
        return {pk for batch in mirror_of(kind).expected() for _name, pk in batch}

    assert expected("team") == {made.pk}
    assert expected("member") == {Member.objects.get(team=made).pk}
    change(operator, Team.objects.get(pk=DEFAULT_TEAM_ID), max_budget=Decimal(9))
    assert expected("team") == {made.pk, DEFAULT_TEAM_ID}
    services.delete_team(actor=operator, team_id=made.pk, now=timezone.now())
    assert expected("team") == {DEFAULT_TEAM_ID}
    assert expected("member") == set()


def test_the_gateways_values_can_be_taken_over(made, operator, there, gateway_client):
    gateway_client.update_team(str(made.pk), max_budget=99, budget_duration="7d", team_alias="Labs")
    sighting = Sighting(str(made.pk), there(made), made.pk)
    assert mirror_of("team").adopt(sighting, operator, timezone.now()) == made.pk
    made.refresh_from_db()
    assert (made.max_budget, made.budget_window, made.alias, made.name) == (99, "weekly", "Labs", "Chemistry")
    assert compare("team", there(made), str(made.pk)) == {}


def test_a_team_made_over_there_can_be_adopted_with_its_members(
    gateway, operator, member, there, gateway_client
):
    pk = uuid4()
    gateway_client.create_team(team_id=str(pk), team_alias="Wild", max_budget=4)
    team = TeamFactory.build(id=pk)
    assert mirror_of("team").adopt(Sighting(str(pk), there(team), None), operator, timezone.now()) == pk
    assert Team.objects.get(pk=pk).max_budget == 4
    row = {"max_budget": Decimal(2), "role": "user"}
    sighting = Sighting(f"{pk}/{member.pk}", row, None)
    mirror_of("member").adopt(sighting, operator, timezone.now())
    assert role_in(pk, member.pk) == "member"


@pytest.mark.parametrize("name", ["my-team", "A0000000-0000-4000-8000-0000000000AA"])
def test_a_team_with_another_kind_of_name_stays_a_stranger(db, operator, name):
    with pytest.raises(errors.InvalidInput):
        mirror_of("team").adopt(Sighting(name, {"team_alias": "x"}, None), operator, timezone.now())


def test_a_members_budget_can_be_taken_over(made, operator, member):
    row = add(operator, made, member)
    sighting = Sighting(f"{made.pk}/{member.pk}", {"max_budget": Decimal(8)}, row.pk)
    mirror_of("member").adopt(sighting, operator, timezone.now())
    row.refresh_from_db()
    assert row.max_budget == 8
    sighting = Sighting(f"{uuid4()}/{UserFactory().pk}", {}, None)
    with pytest.raises(errors.InvalidInput):
        mirror_of("member").adopt(sighting, operator, timezone.now())
