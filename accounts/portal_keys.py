"""Personal API keys as credentials of the portal's own API (contract §7.3).

Keys are rows of a higher app, which registers how one is found by the SHA-256 of its secret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from accounts.permissions import GRANTABLE_TO_KEYS_BY_ADMINS
from accounts.secret_hash import hash_of


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key it is, and the permission codes that the owner gave it."""

    key_id: UUID
    owner_id: UUID
    permissions: frozenset[str]


# token hash, now → the holder of a key that works now; None for every other one.
Lookup = Callable[[str, datetime], KeyHolder | None]
_lookups: list[Lookup] = []


def register_lookup(lookup: Lookup) -> None:
    """Of the app that owns the keys. Registering again changes nothing."""
    if lookup not in _lookups:
        _lookups.append(lookup)


# key id, now → the holder of that key if it works now.
LookupById = Callable[[UUID, datetime], KeyHolder | None]
_lookups_by_id: list[LookupById] = []


def register_lookup_by_id(lookup: LookupById) -> None:
    """The same for tokens that were given for a key: they end with it, and may no more than it may now."""
    if lookup not in _lookups_by_id:
        _lookups_by_id.append(lookup)


def rights_of(key_id: str, *, now: datetime) -> frozenset[str] | None:
    """What a key may on the portal's API now; None for one that does not work any more."""
    for lookup in _lookups_by_id:
        holder = lookup(UUID(key_id), now)
        if holder is not None and holder.permissions:
            return holder.permissions & GRANTABLE_TO_KEYS_BY_ADMINS
    return None


def owner_of_key(secret: str, *, now: datetime) -> tuple[User, KeyHolder] | None:
    """The active owner, held to what the key may; None for a key that does not work here."""
    token_hash = hash_of(secret)
    for lookup in _lookups:
        holder = lookup(token_hash, now)
        permissions = holder.permissions & GRANTABLE_TO_KEYS_BY_ADMINS if holder else frozenset()
        if holder is None or not permissions:
            continue
        user = User.objects.active().filter(pk=holder.owner_id).defer("password").first()
        if user is not None:
            user.limited_to = permissions
            return user, holder
    return None
