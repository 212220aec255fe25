"""Who may do what to a subscription. Which step it can take at all is in `states`."""

from accounts.models import Actor, System
from subscriptions.models import Subscription
from subscriptions.states import STEPS, Act, Who

_DELETES = {Act.CANCEL}


def may_subscribe(actor: Actor) -> bool:
    return actor.may("subscriptions:write")


def may_ask_again(actor: Actor, subscription: Subscription) -> bool:
    return _is_owner(actor, subscription, "subscriptions:write")


def may_decide(actor: Actor) -> bool:
    return actor.may("admin:subscriptions:write")


def may_delete(actor: Actor) -> bool:
    return actor.may("admin:subscriptions:delete")


def may_change_quotas(actor: Actor, subscription: Subscription) -> bool:
    return may_decide(actor) or _is_owner(actor, subscription, "subscriptions:write")


def may_act_on(actor: Actor, subscription: Subscription) -> bool:
    """Whether there is any state in which the actor might change it; those who only see it are told so first."""
    return may_decide(actor) or _is_owner(actor, subscription, "subscriptions:write")


def may_cancel(actor: Actor, subscription: Subscription) -> bool:
    return may_decide(actor) or _is_owner(actor, subscription, "subscriptions:delete")


def may_take(actor: Actor, subscription: Subscription, new: str, act: Act) -> bool:
    """Whether the actor may take this step, which is one of the table."""
    who = STEPS[subscription.status, new][act]
    if who is Who.SYSTEM:
        return isinstance(actor, System)
    if who is Who.OWNER_ALONE:
        return _is_owner(actor, subscription, permission_for(act))
    if who is Who.OPERATOR or (act is Act.RESUME and not is_own_suspension(subscription)):
        return may_decide(actor)
    return may_decide(actor) or _is_owner(actor, subscription, permission_for(act))


def is_own_suspension(subscription: Subscription) -> bool:
    return subscription.suspended_by == Subscription.SuspendedBy.OWNER


def permission_for(act: Act) -> str:
    """What an owner needs for it."""
    return "subscriptions:delete" if act in _DELETES else "subscriptions:write"


def _is_owner(actor: Actor, subscription: Subscription, permission: str) -> bool:
    return subscription.user_id == actor.pk and actor.may(permission)
