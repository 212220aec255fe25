"""Users of the gateway."""

import pytest

from litellm_sync.errors import GatewayConflict


def test_nobody_is_found_under_an_unknown_id(client, unique):
    assert client.get_user(unique("nobody")) is None


def test_a_made_user_can_be_read_back(client, unique):
    made = unique("made")
    try:
        client.create_user(
            user_id=made, user_email=f"{made}@example.com", user_role="internal_user", metadata={"a": "b"}
        )
        row = client.get_user(made)
        assert row is not None
        assert (row["user_id"], row["user_email"], row["user_role"]) == (
            made,
            f"{made}@example.com",
            "internal_user",
        )
        assert row["metadata"] == {"a": "b"}
        assert row["spend"] == 0
    finally:
        client.delete_user(made)


def test_a_user_is_made_without_a_key(client, user_id):
    assert client.list_keys(1, user_id=user_id).total == 0


def test_making_a_user_twice_is_a_conflict(client, user_id):
    with pytest.raises(GatewayConflict):
        client.create_user(user_id=user_id)


def test_an_address_belongs_to_one_user(client, unique):
    first, second = unique("first"), unique("second")
    try:
        client.create_user(user_id=first, user_email=f"{first}@example.com")
        with pytest.raises(GatewayConflict):
            client.create_user(user_id=second, user_email=f"{first}@example.com")
    finally:
        client.delete_user(first)
        client.delete_user(second)


def test_fields_that_are_not_named_stay(client, user_id):
    client.update_user(user_id=user_id, max_budget=5, metadata={"x": 1})
    client.update_user(user_id=user_id, user_alias="Somebody")
    row = client.get_user(user_id)
    assert (row["max_budget"], row["metadata"], row["user_alias"]) == (5, {"x": 1}, "Somebody")


def test_null_clears_a_field(client, user_id, version):
    client.update_user(user_id=user_id, max_budget=5)
    client.update_user(user_id=user_id, max_budget=None)
    # 1.80 leaves it: null means nothing to it for users.
    assert client.get_user(user_id)["max_budget"] == (5 if version < (1, 91) else None)


def test_updating_an_unknown_user_makes_one(client, unique):
    stranger = unique("stranger")
    try:
        client.update_user(user_id=stranger, max_budget=1)
        assert client.get_user(stranger)["max_budget"] == 1
    finally:
        client.delete_user(stranger)


def test_a_deleted_user_is_gone_with_the_keys(client, unique):
    gone = unique("gone")
    client.create_user(user_id=gone)
    token = client.create_key(user_id=gone, key_alias=unique("alias"))["token"]
    assert client.delete_user(gone)
    assert client.get_user(gone) is None
    assert client.get_key(token) is None
    assert not client.delete_user(gone)


def test_users_are_listed_page_by_page(client, unique):
    made = [unique(f"page{n}") for n in range(3)]
    try:
        for user_id in made:
            client.create_user(user_id=user_id, max_budget=7)
        ids = ",".join(made)
        first, second = client.list_users(1, size=2, user_ids=ids), client.list_users(2, size=2, user_ids=ids)
        assert (first.total, first.total_pages, len(first.rows), len(second.rows)) == (3, 2, 2, 1)
        rows = first.rows + second.rows
        assert {row["user_id"] for row in rows} == set(made)
        assert all((row["spend"], row["max_budget"]) == (0, 7) for row in rows)
    finally:
        for user_id in made:
            client.delete_user(user_id)
