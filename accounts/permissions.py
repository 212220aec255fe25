"""The one table of roles and permission codes (REST contract §1.6)."""

from collections.abc import Iterable
from functools import lru_cache

ADMIN, ADMIN_READONLY, USER, READONLY = "admin", "admin-readonly", "user", "readonly"
ROLES = (ADMIN, ADMIN_READONLY, USER, READONLY)

_READ_OWN = frozenset({"models:read", "subscriptions:read", "api_keys:read", "usage:read", "teams:read"})
_EXPORT = frozenset({"usage:export"})
_WRITE_OWN = frozenset(
    {
        "subscriptions:write",
        "subscriptions:delete",
        "api_keys:write",
        "api_keys:delete",
        # Where the portal's settings let people make teams; and what one may in a team by one's role there.
        "teams:create",
        "teams:write",
    }
)
_READ_ALL = frozenset(
    {
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
    }
)
_WRITE_ALL = frozenset(
    {
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
    }
)

PERMISSIONS_OF_ROLE: dict[str, frozenset[str]] = {
    ADMIN: _READ_OWN | _EXPORT | _WRITE_OWN | _READ_ALL | _WRITE_ALL,
    ADMIN_READONLY: _READ_OWN | _EXPORT | _READ_ALL,
    USER: _READ_OWN | _EXPORT | _WRITE_OWN,
    READONLY: _READ_OWN,
}
ALL_PERMISSIONS = PERMISSIONS_OF_ROLE[ADMIN]
# What reaches beyond one's own objects.
OPERATOR_PERMISSIONS = _READ_ALL | _WRITE_ALL
# What an owner may give a personal API key on the portal's API (contract §7.3) …
GRANTABLE_TO_KEYS = _READ_OWN | _EXPORT | frozenset({"subscriptions:write"})
# … and what an administrator may add to one of their own.
GRANTABLE_TO_KEYS_BY_ADMINS = GRANTABLE_TO_KEYS | frozenset(
    code for code in _READ_ALL if code.startswith("admin:")
)


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All permission codes that these roles carry together; an unknown role carries none."""
    return _union(tuple(sorted(roles)))


@lru_cache(maxsize=32)
def _union(roles: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(PERMISSIONS_OF_ROLE.get(role, frozenset()) for role in roles))
