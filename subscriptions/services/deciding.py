"""What administrators decide: on requests, and on decisions that were made."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from litemaas import errors
from subscriptions import policies
from subscriptions.models import Subscription, unknown_subscription
from subscriptions.states import ENDED, Act
from subscriptions.steps import (
    access_changed,
    locked,
    many_ended,
    ran_out,
    take_step,
    take_steps,
    wrong_state,
)
from subscriptions.telling import tell_owner, tell_owners

_S = Subscription.Status


@dataclass
class Decided:
    """Of many decisions at once: which were carried out, and why the others were not, by subscription."""

    done: list[UUID] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)


@transaction.atomic(durable=True)
def approve_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """Grant a pending request."""
    return _decide(actor, subscription_id, _S.ACTIVE, Act.APPROVE, "SUBSCRIPTION_APPROVED", reason, now)


@transaction.atomic(durable=True)
def deny_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str, now: datetime
) -> Subscription:
    """Refuse a pending request. The user reads the reason."""
    require_reason(reason)
    return _decide(actor, subscription_id, _S.DENIED, Act.DENY, "SUBSCRIPTION_DENIED", reason, now)


def require_reason(reason: str) -> None:
    if not reason.strip():
        raise errors.InvalidInput(fields={"reason": _("A reason is required, the user will see it.")})


@transaction.atomic(durable=True)
def decide_many(
    verdict: Literal["approve", "deny"],
    *,
    actor: Actor,
    subscription_ids: Iterable[UUID],
    reason: str = "",
    now: datetime,
) -> Decided:
    """Approve or deny requests: a handful of statements, however many they are.

    All of them are locked before the first is looked at. One that can't be decided (any more) is told with the reason,
    and stops no other.
    """
    require_decider(actor)
    new, act, action = _S.ACTIVE, Act.APPROVE, "SUBSCRIPTION_APPROVED"
    if verdict == "deny":
        require_reason(reason)
        new, act, action = _S.DENIED, Act.DENY, "SUBSCRIPTION_DENIED"
    reason, asked = reason.strip()[:500], list(dict.fromkeys(subscription_ids))
    mine = Subscription.objects.visible_to(actor).filter(pk__in=asked).order_by("pk")
    rows = {row.pk: row for row in mine.select_for_update(of=("self",), no_key=True)}
    result = Decided()
    for pk in asked:
        if refusal := _why_not(rows.get(pk), new, now):
            result.refused[pk] = refusal.message
        else:
            result.done.append(pk)
    chosen = Subscription.objects.filter(pk__in=result.done)
    take_steps(chosen, new, act=act, actor=actor, action=action, reason=reason, now=now, needs_approval=False)
    if result.done and new == _S.ACTIVE:
        access_changed(result.done, now)
    decided = [rows[pk] for pk in result.done]
    for row in decided:
        row.status, row.status_reason = new, reason
    tell_owners(decided, actor, now)
    return result


def _why_not(row: Subscription | None, new: str, now: datetime) -> errors.DomainError | None:
    if row is None:
        return unknown_subscription()
    if row.status != _S.PENDING:
        return wrong_state(row.status, new)
    return ran_out(row, new) if new == _S.ACTIVE and row.is_over(now) else None


@transaction.atomic(durable=True)
def revert_subscription(
    *, actor: Actor, subscription_id: UUID | str, new_status: str, reason: str = "", now: datetime
) -> Subscription:
    """Take a decision back: what was denied is granted or open again, what is active is denied or open again."""
    return _decide(
        actor, subscription_id, new_status, Act.REVERT, "SUBSCRIPTION_STATUS_REVERTED", reason, now
    )


@transaction.atomic(durable=True)
def delete_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """End a subscription and take it off every list. The row stays for its history; subscribing again takes it up."""
    row = locked(actor, subscription_id)
    if not policies.may_delete(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:delete")
    row.deleted_at = row.updated_at = now
    action = "SUBSCRIPTION_DELETED_BY_ADMIN"
    if row.status not in ENDED:
        return take_step(row, _S.INACTIVE, act=Act.CANCEL, actor=actor, action=action, reason=reason, now=now)
    # The return of its model would have brought it back.
    row.resumes_as, row.resumes_reason, row.suspended_by, row.needs_approval = "", "", "", False
    row.save()
    audit.record(
        action, actor=actor, obj=row, at=now, old={"status": row.status}, metadata={"reason": reason[:500]}
    )
    many_ended([row.pk], now)
    return row


def _decide(
    actor: Actor, pk: UUID | str, new: str, act: Act, action: str, reason: str, now: datetime
) -> Subscription:
    row = locked(actor, pk)
    require_decider(actor)
    if act is not Act.REVERT and row.status != _S.PENDING:
        raise wrong_state(row.status, new)
    row = take_step(row, new, act=act, actor=actor, action=action, reason=reason, now=now)
    tell_owner(row, actor, now)
    return row


def require_decider(actor: Actor) -> None:
    """Raises Forbidden."""
    if not policies.may_decide(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
