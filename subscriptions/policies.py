"""Who may do what to a subscription."""

from accounts.models import Actor
from subscriptions.models import Subscription


def may_subscribe(actor: Actor) -> bool:
    return actor.may("subscriptions:write")


def may_cancel(actor: Actor, subscription: Subscription) -> bool:
    return may_decide(actor) or (subscription.user_id == actor.pk and actor.may("subscriptions:delete"))


def may_ask_again(actor: Actor, subscription: Subscription) -> bool:
    return subscription.user_id == actor.pk and actor.may("subscriptions:write")


def may_decide(actor: Actor) -> bool:
    return actor.may("admin:subscriptions:write")
