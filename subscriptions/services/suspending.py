"""Suspending, and lifting a suspension: an owner lifts only the own one."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Actor
from litemaas import errors
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.states import Act
from subscriptions.steps import locked, take_step, wrong_state
from subscriptions.telling import tell_administrators, tell_owner

_S = Subscription.Status
_By = Subscription.SuspendedBy


@transaction.atomic(durable=True)
def suspend_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """Stop a subscription until it is resumed. An administrator's suspension of somebody else's can't be lifted by
    its owner; it also takes over one that is there."""
    row = locked(actor, subscription_id)
    if not policies.may_act_on(actor, row):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    by = _By.OWNER if row.user_id == actor.pk else _By.OPERATOR
    is_taken_over = by is _By.OPERATOR and row.suspended_by != _By.OPERATOR and policies.may_decide(actor)
    if row.status == _S.SUSPENDED and not is_taken_over:
        raise wrong_state(row.status, _S.SUSPENDED)
    row = take_step(
        row,
        _S.SUSPENDED,
        act=Act.SUSPEND,
        actor=actor,
        action="SUBSCRIPTION_SUSPENDED",
        reason=reason,
        suspended_by=by,
        now=now,
    )
    tell_owner(row, actor, now)
    return row


@transaction.atomic(durable=True)
def resume_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """Lift a suspension. Where the model became restricted meanwhile, an owner's resumption is a new request."""
    row = locked(actor, subscription_id)
    if not policies.may_act_on(actor, row):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    new = _S.PENDING if row.needs_approval and not policies.may_decide(actor) else _S.ACTIVE
    if row.status != _S.SUSPENDED:
        raise wrong_state(row.status, new)
    row = take_step(
        row, new, act=Act.RESUME, actor=actor, action="SUBSCRIPTION_RESUMED", reason=reason, now=now
    )
    tell_owner(row, actor, now)
    tell_administrators(row, row.user, now)
    return row
