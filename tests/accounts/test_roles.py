"""The table of roles and rights (REST contract §1.6), row by row."""

import pytest

from accounts.permissions import ALL_PERMISSIONS, permissions_of
from tests.factories import UserFactory

EVERYBODY = ("admin", "admin-readonly", "user", "readonly")
TABLE = {
    "models:read": EVERYBODY,
    "subscriptions:read": EVERYBODY,
    "api_keys:read": EVERYBODY,
    "usage:read": EVERYBODY,
    "teams:read": EVERYBODY,
    "usage:export": ("admin", "admin-readonly", "user"),
    **dict.fromkeys(
        (
            "subscriptions:write",
            "subscriptions:delete",
            "api_keys:write",
            "api_keys:delete",
            "teams:create",
            "teams:write",
        ),
        ("admin", "user"),
    ),
    **dict.fromkeys(
        (
            "users:read",
            "admin:users",
            "admin:usage",
            "admin:audit",
            "admin:models:read",
            "admin:api_keys:read",
            "admin:banners:read",
            "admin:subscriptions:read",
            "admin:backup:read",
            "admin:health",
            "admin:system:read",
            "teams:read_all",
        ),
        ("admin", "admin-readonly"),
    ),
    **dict.fromkeys(
        (
            "users:write",
            "users:delete",
            "models:write",
            "admin:models",
            "admin:api_keys",
            "admin:settings",
            "admin:banners:write",
            "admin:subscriptions:write",
            "admin:subscriptions:delete",
            "admin:usage:write",
            "admin:backup",
            "admin:system",
            "teams:write_all",
        ),
        ("admin",),
    ),
}


@pytest.mark.parametrize("permission", TABLE)
def test_a_right_belongs_to_these_roles_and_no_other(permission):
    holders = tuple(role for role in EVERYBODY if permission in permissions_of([role]))
    assert holders == TABLE[permission]


def test_the_table_is_complete():
    assert set(TABLE) == ALL_PERMISSIONS


def test_two_roles_carry_the_rights_of_both():
    both = permissions_of(["admin-readonly", "user"])
    assert both == permissions_of(["admin-readonly"]) | permissions_of(["user"])
    assert "users:write" not in both


def test_an_unknown_role_and_an_inactive_account_carry_none():
    assert permissions_of(["emperor"]) == frozenset()
    assert not UserFactory.build(roles=["admin"], is_active=False).may("models:read")
