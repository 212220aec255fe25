"""Who may do what to an API key."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Actor
from accounts.permissions import GRANTABLE_TO_KEYS
from apikeys.models import ApiKey
from litemaas import errors
from teams.roles import ADMIN, role_in


def may_issue(actor: Actor) -> bool:
    return actor.may("api_keys:write")


def may_revoke(actor: Actor, key: ApiKey) -> bool:
    """The owner; of a team's key also the team's administrators."""
    if actor.may("admin:api_keys"):
        return True
    return actor.may("api_keys:delete") and (key.owner_id == actor.pk or administers_team(actor, key))


def may_block(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_reveal(actor: Actor, key: ApiKey) -> bool:
    """The owner alone. An administrator has no business with somebody's secret."""
    return key.owner_id == actor.pk and actor.may("api_keys:write")


def may_call(actor: Actor) -> bool:
    """With keys of one's own only: what is spent is charged to the key."""
    return actor.may("api_keys:write")


def may_change(actor: Actor, key: ApiKey) -> bool:
    if actor.may("admin:api_keys"):
        return True
    if key.owner_id is not None:
        return key.owner_id == actor.pk and actor.may("api_keys:write")
    return actor.may("api_keys:write") and administers_team(actor, key)


def may_issue_for_others(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_grant(actor: Actor, owner_id: UUID | None, codes: Iterable[str]) -> bool:
    """Rights on the portal's own API. Sight of everybody's things is an administrator's to give, to an own key."""
    beyond = set(codes) - GRANTABLE_TO_KEYS
    return not beyond or (actor.may("users:write") and owner_id is not None and owner_id == actor.pk)


def require_grants(
    actor: Actor, owner_id: UUID | None, values: Mapping[str, Any], *, held: Iterable[str] = ()
) -> None:
    """What the key would newly be given. Raises InvalidInput, as for rights that no key can have."""
    added = set(values.get("portal_permissions") or []) - set(held)
    if not may_grant(actor, owner_id, added):
        beyond = ", ".join(sorted(added - GRANTABLE_TO_KEYS))
        text = _("A key can't be given %(names)s.") % {"names": beyond}
        raise errors.InvalidInput(fields={"portalPermissions": text})


def may_set_guardrails(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_reset_spend(actor: Actor, key: ApiKey, *, owners_may: bool) -> bool:
    return actor.may("admin:api_keys") or (owners_may and may_change(actor, key))


def administers_team(actor: Actor, key: ApiKey) -> bool:
    return key.team_id is not None and role_in(key.team_id, actor.pk) == ADMIN
