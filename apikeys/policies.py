"""Who may do what to an API key."""

from accounts.models import Actor
from apikeys.models import ApiKey


def may_issue(actor: Actor) -> bool:
    return actor.may("api_keys:write")


def may_revoke(actor: Actor, key: ApiKey) -> bool:
    return actor.may("admin:api_keys") or (key.owner_id == actor.pk and actor.may("api_keys:delete"))


def may_block(actor: Actor) -> bool:
    return actor.may("admin:api_keys")


def may_reveal(actor: Actor, key: ApiKey) -> bool:
    """The owner alone. An administrator has no business with somebody's secret."""
    return key.owner_id == actor.pk and actor.may("api_keys:write")
