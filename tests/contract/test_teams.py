"""Teams and their members."""

from collections.abc import Callable, Iterator

import pytest

from litellm_sync.errors import GatewayConflict, GatewayNotFound


@pytest.fixture
def make_team(client, unique) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def make(name: str = "team", **body) -> str:
        made.append(unique(name))
        client.create_team(team_id=made[-1], team_alias=f"Alias of {made[-1]}", **body)
        return made[-1]

    yield make
    for team_id in made:
        client.delete_team(team_id)


def in_team(client, team_id: str) -> set[str]:
    return {member["user_id"] for member in client.get_team(team_id)["members_with_roles"]}


def membership(client, team_id: str, user_id: str) -> dict:
    rows = [row for row in client.get_team(team_id)["team_memberships"] if row["user_id"] == user_id]
    assert len(rows) == 1
    return rows[0]


def test_nothing_is_found_under_an_unknown_id(client, unique):
    assert client.get_team(unique("nothing")) is None


def test_a_made_team_can_be_read_back(client, make_team, models):
    team_id = make_team(
        models=[models.chat],
        max_budget=50,
        budget_duration="30d",
        tpm_limit=1000,
        rpm_limit=10,
        metadata={"portal": "litemaas"},
    )
    row = client.get_team(team_id)
    assert (row["team_id"], row["team_alias"]) == (team_id, f"Alias of {team_id}")
    assert (row["models"], row["max_budget"], row["budget_duration"]) == ([models.chat], 50, "30d")
    assert (row["tpm_limit"], row["rpm_limit"], row["spend"]) == (1000, 10, 0)
    assert row["metadata"]["portal"] == "litemaas"
    assert row["budget_reset_at"]
    assert not row["blocked"]


def test_making_a_team_twice_is_a_conflict(client, make_team):
    team_id = make_team()
    with pytest.raises(GatewayConflict):
        client.create_team(team_id=team_id)


def test_two_teams_may_have_one_alias(client, make_team):
    first, second = make_team("first"), make_team("second")
    client.update_team(second, team_alias=f"Alias of {first}")
    assert client.get_team(second)["team_alias"] == client.get_team(first)["team_alias"]


def test_fields_that_are_not_named_stay_and_null_clears(client, make_team, models):
    team_id = make_team(max_budget=5, rpm_limit=10, models=[models.chat], metadata={"a": "1", "b": "2"})
    client.update_team(team_id, metadata={"a": "3"}, max_budget=None)
    row = client.get_team(team_id)
    assert (row["models"], row["max_budget"], row["rpm_limit"]) == ([models.chat], None, 10)
    assert row["metadata"] == {"a": "3"}


def test_a_blocked_team_stops_its_keys_until_it_is_unblocked(client, make_team, issue, program, models):
    team_id = make_team()
    key = issue(team_id=team_id, models=[models.chat])
    client.block_team(team_id)
    client.block_team(team_id)
    assert client.get_team(team_id)["blocked"] is True
    assert program(key).chat(models.chat).status == 401
    client.unblock_team(team_id)
    assert not client.get_team(team_id)["blocked"]
    assert program(key).chat(models.chat).status == 200


@pytest.mark.parametrize("change", ["update_team", "block_team", "unblock_team"])
def test_changing_an_unknown_team_says_that_there_is_none(client, unique, change):
    with pytest.raises(GatewayNotFound):
        getattr(client, change)(unique("nothing"))


def test_a_deleted_team_is_gone_with_its_keys_and_can_be_deleted_again(client, make_team, issue):
    team_id = make_team()
    key = issue(team_id=team_id)
    assert client.delete_team(team_id)
    assert client.get_team(team_id) is None
    assert client.get_key(key.token) is None
    assert not client.delete_team(team_id)


def test_a_member_is_added_once(client, make_team, user_id):
    team_id = make_team()
    client.add_member(team_id, user_id, max_budget_in_team=2)
    assert user_id in in_team(client, team_id)
    row = membership(client, team_id, user_id)
    assert (row["spend"], row["litellm_budget_table"]["max_budget"]) == (0, 2)
    with pytest.raises(GatewayConflict) as refusal:
        client.add_member(team_id, user_id)
    assert refusal.value.error_type == "team_member_already_in_team"


def test_an_unknown_user_is_made_by_joining(client, make_team, unique):
    team_id, stranger = make_team(), unique("stranger")
    try:
        client.add_member(team_id, stranger)
        assert client.get_user(stranger) is not None
    finally:
        client.delete_user(stranger)


def test_joining_an_unknown_team_says_that_there_is_none(client, user_id, unique):
    with pytest.raises(GatewayNotFound):
        client.add_member(unique("nothing"), user_id)


def test_the_limits_of_a_member_can_be_changed_and_cleared(client, make_team, user_id):
    team_id = make_team()
    client.add_member(team_id, user_id)
    client.update_member(team_id, user_id, max_budget_in_team=3, tpm_limit=100, rpm_limit=5)
    limits = membership(client, team_id, user_id)["litellm_budget_table"]
    assert (limits["max_budget"], limits["tpm_limit"], limits["rpm_limit"]) == (3, 100, 5)
    client.update_member(team_id, user_id, max_budget_in_team=None)
    limits = membership(client, team_id, user_id)["litellm_budget_table"]
    assert (limits["max_budget"], limits["tpm_limit"], limits["rpm_limit"]) == (None, 100, 5)
    client.update_member(team_id, user_id, tpm_limit=None, rpm_limit=None)
    assert membership(client, team_id, user_id)["litellm_budget_table"] is None


def test_limits_for_a_stranger_do_not_let_the_stranger_in(client, make_team, user_id):
    team_id = make_team()
    client.update_member(team_id, user_id, max_budget_in_team=1)
    assert user_id not in in_team(client, team_id)


def test_limits_in_an_unknown_team_say_that_there_is_none(client, user_id, unique):
    with pytest.raises(GatewayNotFound):
        client.update_member(unique("nothing"), user_id, max_budget_in_team=1)


def test_who_leaves_takes_the_own_keys_along_and_can_leave_again(client, make_team, issue, user_id):
    team_id = make_team()
    client.add_member(team_id, user_id)
    key, personal = issue(team_id=team_id), issue("personal")
    assert client.remove_member(team_id, user_id)
    assert user_id not in in_team(client, team_id)
    assert client.get_key(key.token) is None
    assert client.get_key(personal.token) is not None
    assert not client.remove_member(team_id, user_id)


def test_teams_are_listed_page_by_page(client, make_team, user_id):
    made = {make_team(f"page{n}", max_budget=7) for n in range(3)}
    for team_id in made:
        client.add_member(team_id, user_id)
    first = client.list_teams(1, size=2, user_id=user_id)
    second = client.list_teams(2, size=2, user_id=user_id)
    assert (first.total, first.total_pages, len(first.rows), len(second.rows)) == (3, 2, 2, 1)
    rows = first.rows + second.rows
    assert {row["team_id"] for row in rows} == made
    assert all((row["spend"], row["max_budget"]) == (0, 7) for row in rows)
    assert all(user_id in {member["user_id"] for member in row["members_with_roles"]} for row in rows)


def test_a_team_says_its_soft_budget_since_1_91(client, make_team, version):
    row = client.get_team(make_team(max_budget=5, **({"soft_budget": 4} if version >= (1, 91) else {})))
    assert row.get("soft_budget") == (4 if version >= (1, 91) else None)


def test_the_budget_of_a_member_can_be_cleared_and_lasts_as_long_as_is_said(
    client, make_team, user_id, version
):
    team_id = make_team()
    window = {"budget_duration": "1mo"} if version >= (1, 91) else {}
    client.add_member(team_id, user_id, max_budget_in_team=2, **window)
    limits = membership(client, team_id, user_id)["litellm_budget_table"]
    assert limits["max_budget"] == 2
    assert limits.get("budget_duration") == window.get("budget_duration")
    client.update_member(team_id, user_id, max_budget_in_team=None)
    limits = membership(client, team_id, user_id)["litellm_budget_table"]
    assert (limits or {}).get("max_budget") is None


def test_a_member_stays_a_plain_user(client, make_team, user_id):
    team_id = make_team()
    client.add_member(team_id, user_id)
    client.update_member(team_id, user_id, role="user")
    roles = {m["user_id"]: m["role"] for m in client.get_team(team_id)["members_with_roles"]}
    assert roles[user_id] == "user"


def test_a_key_without_a_user_survives_the_member(client, make_team, issue, user_id):
    team_id = make_team()
    client.add_member(team_id, user_id)
    key = issue(team_id=team_id)
    client.update_key(key.token, user_id=None)
    assert client.get_key(key.token)["user_id"] is None
    client.remove_member(team_id, user_id)
    assert client.get_key(key.token) is not None
    client.update_key(key.token, user_id=user_id)
    assert client.get_key(key.token)["user_id"] == user_id


def test_the_spend_of_a_team_can_not_be_set(client, make_team):
    team_id = make_team()
    client.update_team(team_id, spend=3)
    assert client.get_team(team_id)["spend"] == 0


def test_metadata_may_be_nested(client, make_team):
    nested = {"portal": "litemaas", "portal_metadata": {"costCentre": "7", "tags": ["a", "b"]}}
    assert client.get_team(make_team(metadata=nested))["metadata"] == nested
