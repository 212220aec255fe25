"""The ways in which a subscription ends for good."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import SYSTEM, Actor
from litemaas import errors
from subscriptions import policies, reasons
from subscriptions.models import Subscription
from subscriptions.states import Act
from subscriptions.steps import locked, many_ended, take_step, take_steps

_S = Subscription.Status
_AT_ONCE = 500


@transaction.atomic(durable=True)
def cancel_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """End a subscription, or withdraw a request. The owner's keys lose the model with this commit."""
    row = locked(actor, subscription_id)
    if not policies.may_cancel(actor, row):
        raise errors.Forbidden(requiredPermission="subscriptions:delete")
    return take_step(
        row, _S.INACTIVE, act=Act.CANCEL, actor=actor, action="SUBSCRIPTION_CANCEL", reason=reason, now=now
    )


def expire_subscriptions(*, now: datetime) -> int:
    """End what was granted until now; how many. Two workers at once end each of them once: who comes second waits
    for the first one's locks and finds nothing left."""
    ended = 0
    while batch := _expire_some(now):
        ended += batch
    return ended


@transaction.atomic(durable=True)
def _expire_some(now: datetime) -> int:
    ids = take_steps(
        Subscription.objects.expired_at(now),
        _S.EXPIRED,
        act=Act.EXPIRE,
        actor=SYSTEM,
        action="SUBSCRIPTION_EXPIRED",
        reason=reasons.TIME_RAN_OUT,
        now=now,
        limit=_AT_ONCE,
    )
    many_ended(ids, now) if ids else None
    return len(ids)
