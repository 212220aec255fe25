"""The only place where a status changes: the table is asked, the row is written, history and audit with it.

All of it happens in the caller's transaction, with the rows locked.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from litemaas import dry_run, errors
from litemaas.hooks import Hook
from subscriptions import policies
from subscriptions.errors import WrongState
from subscriptions.models import StatusChange, Subscription, SubscriptionQuerySet
from subscriptions.states import STEPS, Act

_S = Subscription.Status
_AT_ONCE = 2_000

# Called with subscription=…, old=…, now=… in the transaction in which the status of this one changed.
status_changed: Hook[[Subscription, str, datetime]] = Hook()
# Called with the ids of many subscriptions that began or stopped to open their models, and now=…, likewise.
access_changed: Hook[[list[UUID], datetime]] = Hook()
# Called with the ids of subscriptions that ended for good, and now=…, likewise.
many_ended: Hook[[list[UUID], datetime]] = Hook()


def locked(actor: Actor, pk: UUID | str) -> Subscription:
    rows = Subscription.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    return rows.get_or_refuse(pk)


def require(row: Subscription, new: str, *, act: Act, actor: Actor) -> None:
    """Raises WrongState where the table has no such step, Forbidden where it is not this actor's to take."""
    if act not in STEPS.get((row.status, new), {}):
        raise wrong_state(row.status, new)
    if not policies.may_take(actor, row, new, act):
        raise errors.Forbidden(_why_not(row, act), requiredPermission=_needed(row, act))


def _why_not(row: Subscription, act: Act) -> str | None:
    if act is Act.RESUME and not policies.is_own_suspension(row):
        return _("Only an administrator can lift this suspension.")
    return None


def _needed(row: Subscription, act: Act) -> str:
    is_theirs = act in {Act.SUSPEND, Act.CANCEL, Act.REVIEW} or policies.is_own_suspension(row)
    return policies.permission_for(act) if is_theirs else "admin:subscriptions:write"


def wrong_state(old: str, new: str) -> WrongState:
    words = {"old": _S(old).label, "new": _S(new).label}
    text = (
        _("The status of this subscription is “%(old)s”: this can't be done now.")
        if old == new
        else _("The status of this subscription is “%(old)s”: it can't become “%(new)s”.")
    )
    return WrongState(text % words, **{"from": old, "to": new})


def ran_out(row: Subscription, new: str) -> WrongState:
    facts = {"from": row.status, "to": new}
    return WrongState(_("Its time ran out. Give it a later end first."), **facts)


def take_step(
    row: Subscription,
    new: str,
    *,
    act: Act,
    actor: Actor,
    action: str,
    reason: str = "",
    suspended_by: str = "",
    now: datetime,
) -> Subscription:
    """Bring a locked row into the state `new`. `action` is the audit code."""
    old = row.status
    require(row, new, act=act, actor=actor)
    _note([row.pk])
    if new == _S.ACTIVE and row.is_over(now):
        raise ran_out(row, new)
    row.status, row.status_reason = new, reason.strip()[:500]
    row.suspended_by = suspended_by
    row.resumes_as, row.resumes_reason, row.needs_approval = "", "", False
    row.status_changed_at = row.updated_at = now
    row.status_changed_by = actor if isinstance(actor, User) else None
    row.save()
    beginning(row, old, actor, now).save(force_insert=True)
    audit.record(
        action,
        actor=actor,
        obj=row,
        at=now,
        old={"status": old},
        new={"status": new, "reason": row.status_reason},
    )
    status_changed(row, old, now)
    return row


def _note(pks: list[UUID]) -> None:
    """Tell a dry run whom it would touch, by name."""
    if not dry_run.is_rehearsing():
        return
    rows = Subscription.objects.filter(pk__in=pks).values_list("pk", "model_id", "user_id", "user__username")
    for pk, model_id, user_id, username in rows:
        dry_run.note("SUBSCRIPTION", [(str(pk), f"{username}: {model_id}")])
        dry_run.note("USER", [(str(user_id), username)])


def beginning(row: Subscription, old: str, actor: Actor, now: datetime) -> StatusChange:
    """The unsaved history row of the state in which `row` now is."""
    return StatusChange(
        subscription=row,
        old_status=old,
        new_status=row.status,
        reason=row.status_reason,
        changed_by=actor if isinstance(actor, User) else None,
        changed_at=now,
    )


def take_steps(
    rows: SubscriptionQuerySet,
    new: str,
    *,
    act: Act,
    actor: Actor,
    action: str,
    reason: str,
    now: datetime,
    limit: int | None = None,
    **columns: Any,
) -> list[UUID]:
    """Bring all of `rows` into the state `new` for one reason: a handful of statements, however many they are.

    `reason` is for the history, and shown unless `columns` has another. The caller tells `access_changed` or
    `many_ended`. Whether the actor may is for the caller to know: only the program and administrators do this.
    """
    found = rows.order_by("pk").select_for_update(of=("self",), no_key=True)[:limit]
    olds = dict(found.values_list("pk", "status"))
    for old in set(olds.values()):
        if act not in STEPS.get((old, new), {}):
            raise wrong_state(old, new)
    if not olds:
        return []
    _note(list(olds))
    defaults = {"status_reason": reason, "suspended_by": "", "resumes_as": "", "resumes_reason": ""}
    by = actor if isinstance(actor, User) else None
    Subscription.objects.filter(pk__in=list(olds)).update(
        **{**defaults, **columns}, status=new, status_changed_at=now, status_changed_by=by, updated_at=now
    )
    _write_history(olds.items(), new, reason, by, now)
    audit.record_many(
        action,
        actor=actor,
        at=now,
        changes=(
            audit.Change(("SUBSCRIPTION", str(pk)), {"status": old}, {"status": new, "reason": reason})
            for pk, old in olds.items()
        ),
    )
    return list(olds)


def _write_history(
    olds: Iterable[tuple[UUID, str]], new: str, reason: str, by: User | None, now: datetime
) -> None:
    StatusChange.objects.bulk_create(
        (
            StatusChange(
                subscription_id=pk,
                old_status=old,
                new_status=new,
                reason=reason,
                changed_by=by,
                changed_at=now,
            )
            for pk, old in olds
        ),
        batch_size=_AT_ONCE,
    )
