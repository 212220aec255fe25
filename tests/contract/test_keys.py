"""Keys whose secret we make."""

import hashlib
import secrets

import pytest

from litellm_sync.errors import GatewayConflict, GatewayNotFound, GatewayRefused, GatewayUnavailable

NO_KEY = hashlib.sha256(b"sk-nobody-has-this").hexdigest()


def test_the_token_is_the_hash_of_our_secret(client, issue, models):
    key = issue(
        models=[models.chat], metadata={"portal_key_id": "k1"}, max_budget=5, rpm_limit=60, tpm_limit=5000
    )
    row = client.get_key(key.token)
    assert (row["key_alias"], row["user_id"], row["models"]) == (key.alias, key.user_id, [models.chat])
    assert row["metadata"]["portal_key_id"] == "k1"
    assert (row["max_budget"], row["rpm_limit"], row["tpm_limit"], row["spend"]) == (5, 60, 5000, 0)


def test_the_secret_is_not_shown_again(client, issue):
    key = issue()
    assert key.secret not in str(client.get_key(key.token))
    assert key.secret not in str(client.list_keys(1, user_id=key.user_id))


def test_an_unknown_key_is_none(client):
    assert client.get_key(NO_KEY) is None


def test_making_the_same_key_again_leaves_the_first_as_it_is(client, issue, unique):
    """The answer shows what was asked for; the row is what it was."""
    key = issue(max_budget=1)
    answer = client.create_key(key=key.secret, key_alias=unique("other"), user_id=key.user_id, max_budget=2)
    assert answer["max_budget"] == 2
    row = client.get_key(key.token)
    assert (row["max_budget"], row["key_alias"]) == (1, key.alias)


def test_making_the_same_key_with_the_same_alias_is_a_conflict(client, issue):
    """So a repeated creation shows as an alias that is taken: by the very key that was asked for."""
    key = issue()
    with pytest.raises(GatewayConflict):
        client.create_key(key=key.secret, key_alias=key.alias, user_id=key.user_id)
    assert client.find_key_by_alias(key.alias)["token"] == key.token


def test_an_alias_belongs_to_one_live_key(client, issue):
    key = issue()
    with pytest.raises(GatewayConflict) as refusal:
        client.create_key(key_alias=key.alias)
    assert refusal.value.error_type == "bad_request_error"


def test_the_alias_of_a_deleted_key_is_free_again(client, issue):
    key = issue()
    client.delete_key(key.token)
    token = client.create_key(key_alias=key.alias)["token"]
    assert client.find_key_by_alias(key.alias)["token"] == token
    client.delete_key(token)


def test_an_alias_is_found_exactly(client, issue):
    key = issue()
    assert client.find_key_by_alias(key.alias)["token"] == key.token
    assert client.find_key_by_alias(key.alias[:-1]) is None


def test_fields_that_are_not_named_stay_and_null_clears(client, issue, models):
    key = issue(models=[models.chat], max_budget=3, rpm_limit=10, metadata={"a": "1", "b": "2"})
    client.update_key(key.token, metadata={"a": "3"}, rpm_limit=None)
    row = client.get_key(key.token)
    assert (row["models"], row["max_budget"], row["rpm_limit"]) == ([models.chat], 3, None)
    assert row["metadata"] == {"a": "3"}


def test_an_expiry_can_be_set_and_taken_away(client, issue):
    key = issue(duration="30d")
    assert client.get_key(key.token)["expires"]
    client.update_key(key.token, duration="-1")
    assert client.get_key(key.token)["expires"] is None


def test_blocking_shows_and_can_be_repeated(client, issue):
    key = issue()
    client.block_key(key.token)
    client.block_key(key.token)
    assert client.get_key(key.token)["blocked"] is True
    client.unblock_key(key.token)
    assert not client.get_key(key.token)["blocked"]


def test_a_deleted_key_is_none_and_can_be_deleted_again(client, issue):
    key = issue()
    assert client.delete_key(key.token)
    assert client.get_key(key.token) is None
    assert client.find_key_by_alias(key.alias) is None
    assert not client.delete_key(key.token)


@pytest.mark.parametrize("change", ["update_key", "block_key", "unblock_key"])
def test_changing_an_unknown_key_says_that_there_is_none(client, change):
    with pytest.raises(GatewayNotFound):
        getattr(client, change)(NO_KEY)


def test_keys_are_listed_page_by_page(client, issue):
    keys = [issue(f"page{n}") for n in range(3)]
    user_id = keys[0].user_id
    first = client.list_keys(1, size=2, user_id=user_id)
    second = client.list_keys(2, size=2, user_id=user_id)
    assert (first.total, first.total_pages, len(first.keys), len(second.keys)) == (3, 2, 2, 1)
    assert {row["token"] for row in first.keys + second.keys} == {key.token for key in keys}
    assert all(row["spend"] == 0 for row in first.keys)


def test_a_page_of_keys_has_at_most_a_hundred(client):
    with pytest.raises(GatewayRefused) as refusal:
        client.list_keys(1, size=500)
    assert (refusal.value.status, refusal.value.error_type) == (422, "validation_error")


def test_a_secret_must_look_like_one(client):
    with pytest.raises(GatewayRefused, match="must start with 'sk-'"):
        client.create_key(key=f"nosk-{secrets.token_hex(12)}")


def test_a_negative_budget_is_refused(client):
    with pytest.raises(GatewayRefused, match="max_budget"):
        client.create_key(max_budget=-1)


def test_a_field_of_the_wrong_type_is_refused_with_its_name(client):
    with pytest.raises(GatewayRefused, match="rpm_limit") as refusal:
        client.create_key(rpm_limit="many")
    assert refusal.value.error_type == "validation_error"


def test_a_duration_that_can_not_be_read_is_refused_for_good(client):
    """LiteLLM says 500 to this."""
    with pytest.raises(GatewayRefused, match="Invalid duration"):
        client.create_key(duration="xyz")


def test_an_internal_error_without_a_reason_may_pass(client, unique):
    """LiteLLM says the same to an unknown budget as while its database is away."""
    with pytest.raises(GatewayUnavailable):
        client.create_key(budget_id=unique("budget"))


def test_the_spend_of_a_key_can_be_set(client, issue):
    key = issue(max_budget=5, budget_duration="30d")
    client.update_key(key.token, spend=3)
    assert client.get_key(key.token)["spend"] == 3
    answer = client.reset_spend(key.token)
    assert (answer["key_hash"], answer["spend"]) == (key.token, 0)
    row = client.get_key(key.token)
    assert (row["spend"], row["max_budget"]) == (0, 5)


def test_resetting_the_spend_of_an_unknown_key_says_that_there_is_none(client):
    with pytest.raises(GatewayNotFound):
        client.reset_spend(NO_KEY)
