"""Who may do what to an API key."""

from accounts.models import Actor
from apikeys.models import ApiKey
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


def may_call_with(actor: Actor, key: ApiKey) -> bool:
    """The owner alone: what is spent is charged to the key."""
    return key.owner_id == actor.pk and actor.may("api_keys:write")


def may_change(actor: Actor, key: ApiKey) -> bool:
    if actor.may("admin:api_keys"):
        return True
    if key.owner_id is not None:
        return key.owner_id == actor.pk and actor.may("api_keys:write")
    return actor.may("api_keys:write") and administers_team(actor, key)


def may_issue_for_others(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_set_guardrails(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_reset_spend(actor: Actor, key: ApiKey, *, owners_may: bool) -> bool:
    return actor.may("admin:api_keys") or (owners_may and may_change(actor, key))


def administers_team(actor: Actor, key: ApiKey) -> bool:
    return key.team_id is not None and role_in(key.team_id, actor.pk) == ADMIN
