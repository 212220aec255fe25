"""Use cases of subscriptions. Every change of state goes through `_step`: row lock, history row, audit row."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import SYSTEM, Actor, User
from catalog.errors import ModelNotFound
from catalog.models import Model
from litemaas import errors
from litemaas.hooks import Hook
from subscriptions import policies
from subscriptions.errors import AlreadySubscribed, WrongState
from subscriptions.models import StatusChange, Subscription
from subscriptions.states import ENDED, is_step

_S = Subscription.Status

# Called with subscription=…, old=…, now=… in the transaction in which its state changed.
status_changed: Hook[[Subscription, str, datetime]] = Hook()


@transaction.atomic(durable=True)
def subscribe(
    *,
    actor: User,
    model_id: str,
    quota_requests: int | None = None,
    quota_tokens: int | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> Subscription:
    """Subscribe to a model: active at once, or pending where the model is restricted. Quotas are per month.

    An ended subscription is taken up again with new quotas; any other one that is there is AlreadySubscribed.
    """
    if not policies.may_subscribe(actor):
        raise errors.Forbidden(requiredPermission="subscriptions:write")
    quotas = _quotas(quota_requests, quota_tokens)
    if expires_at is not None and expires_at <= now:
        raise errors.InvalidInput(fields={"expiresAt": "Choose a future date."})
    model = _model_to_subscribe(model_id)
    status = _S.PENDING if model.restricted_access else _S.ACTIVE
    created = _create(actor, model, status, quotas, expires_at, now)
    return created or _take_up_again(actor, model, status, quotas, expires_at, now)


def _quotas(requests: int | None, tokens: int | None) -> tuple[int, int]:
    """The quotas to give. Raises InvalidInput below 1 and above what the portal allows."""
    wanted = {"quotaRequests": requests, "quotaTokens": tokens}
    allowed = {"quotaRequests": settings.DEFAULT_QUOTA_REQUESTS, "quotaTokens": settings.DEFAULT_QUOTA_TOKENS}
    wrong = {
        field: f"Ask an administrator for more than {allowed[field]}."
        if value > allowed[field]
        else "At least 1."
        for field, value in wanted.items()
        if value is not None and not 1 <= value <= allowed[field]
    }
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return requests or allowed["quotaRequests"], tokens or allowed["quotaTokens"]


def _model_to_subscribe(model_id: str) -> Model:
    # Locked against a switch of the restriction at the same moment, which would miss the row we are about to make.
    model = Model.objects.held_still(model_id)
    if model is None:
        raise ModelNotFound
    if not model.is_available:
        raise errors.InvalidInput(fields={"modelId": "This model is not available at the moment."})
    return model


def _create(
    actor: User,
    model: Model,
    status: str,
    quotas: tuple[int, int],
    expires_at: datetime | None,
    now: datetime,
) -> Subscription | None:
    """The new row, or None when there is one. The unique rule decides, so 50 clicks at once make one row."""
    row = Subscription(
        user=actor,
        model=model,
        status=status,
        quota_requests=quotas[0],
        quota_tokens=quotas[1],
        expires_at=expires_at,
        status_changed_at=now,
        status_changed_by=actor,
        created_at=now,
        updated_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None
    _write_history(row, "", actor, "", now)
    audit.record(
        "SUBSCRIPTION_CREATE", actor=actor, obj=row, at=now, new={"modelId": model.pk, "status": status}
    )
    return row


def _take_up_again(
    actor: User,
    model: Model,
    status: str,
    quotas: tuple[int, int],
    expires_at: datetime | None,
    now: datetime,
) -> Subscription:
    row = Subscription.objects.select_for_update(of=("self",), no_key=True).get(user=actor, model=model)
    if row.status not in ENDED:
        raise AlreadySubscribed(subscriptionId=str(row.pk), status=row.status)
    row.quota_requests, row.quota_tokens = quotas
    row.expires_at = expires_at
    action = "SUBSCRIPTION_REAPPLIED" if status == _S.PENDING else "SUBSCRIPTION_REACTIVATED"
    return _step(row, status, actor=actor, action=action, reason="", now=now)


@transaction.atomic(durable=True)
def cancel_subscription(*, actor: Actor, subscription_id: UUID | str, now: datetime) -> Subscription:
    """End a subscription, or withdraw a request. The owner's keys lose the model with this commit."""
    row = _locked(actor, subscription_id)
    if not policies.may_cancel(actor, row):
        raise errors.Forbidden(requiredPermission="subscriptions:delete")
    return _step(row, _S.INACTIVE, actor=actor, action="SUBSCRIPTION_CANCEL", reason="", now=now)


@transaction.atomic(durable=True)
def request_review(
    *, actor: Actor, subscription_id: UUID | str, comment: str = "", now: datetime
) -> Subscription:
    """Ask again after a denial. A request that is pending stays pending."""
    row = _locked(actor, subscription_id)
    if not policies.may_ask_again(actor, row):
        raise errors.Forbidden(requiredPermission="subscriptions:write")
    if row.status == _S.PENDING:
        return row
    if row.status != _S.DENIED:
        raise _wrong_state(row, _S.PENDING)
    return _step(
        row, _S.PENDING, actor=actor, action="SUBSCRIPTION_REVIEW_REQUESTED", reason=comment, now=now
    )


@transaction.atomic(durable=True)
def approve_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str = "", now: datetime
) -> Subscription:
    """Grant a pending request."""
    return _decide(actor, subscription_id, _S.ACTIVE, "SUBSCRIPTION_APPROVED", reason, now)


@transaction.atomic(durable=True)
def deny_subscription(
    *, actor: Actor, subscription_id: UUID | str, reason: str, now: datetime
) -> Subscription:
    """Refuse a pending request. The user reads the reason."""
    if not reason.strip():
        raise errors.InvalidInput(fields={"reason": "A reason is required, the user will see it."})
    return _decide(actor, subscription_id, _S.DENIED, "SUBSCRIPTION_DENIED", reason, now)


def _decide(
    actor: Actor, pk: UUID | str, status: str, action: str, reason: str, now: datetime
) -> Subscription:
    row = _locked(actor, pk)
    if not policies.may_decide(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    if row.status != _S.PENDING:
        raise _wrong_state(row, status)
    return _step(row, status, actor=actor, action=action, reason=reason, now=now)


def expire_subscriptions(*, now: datetime) -> int:
    """End what was granted until now; how many. Each in a transaction of its own."""
    due = list(Subscription.objects.expired_at(now).order_by("pk").values_list("pk", flat=True))
    return sum(_expire(pk, now) for pk in due)


@transaction.atomic(durable=True)
def _expire(pk: UUID, now: datetime) -> bool:
    row = Subscription.objects.expired_at(now).filter(pk=pk).select_for_update(no_key=True).first()
    if row is not None:
        _step(
            row, _S.EXPIRED, actor=SYSTEM, action="SUBSCRIPTION_EXPIRED", reason="Its time ran out.", now=now
        )
    return row is not None


def follow_restriction(model: Model, actor: Actor, now: datetime) -> None:
    """A model became restricted: active subscriptions need approval. It became open: pending ones are active.

    Runs in the transaction of the switch.
    """
    old, new = (_S.ACTIVE, _S.PENDING) if model.restricted_access else (_S.PENDING, _S.ACTIVE)
    reason = "The model became restricted." if model.restricted_access else "The model became open to all."
    rows = Subscription.objects.filter(model=model, status=old).order_by("pk").select_for_update(no_key=True)
    for row in list(rows):
        _step(row, new, actor=SYSTEM, action="SUBSCRIPTION_RESTRICTION", reason=reason, now=now)


def _locked(actor: Actor, pk: UUID | str) -> Subscription:
    rows = Subscription.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    return rows.get_or_refuse(pk)


def _wrong_state(row: Subscription, new: str) -> WrongState:
    return WrongState(
        f"A subscription that is {row.status} can't become {new}.", **{"from": row.status, "to": new}
    )


def _step(
    row: Subscription, new: str, *, actor: Actor, action: str, reason: str, now: datetime
) -> Subscription:
    """The only place where a status changes. `row` is locked."""
    old = row.status
    if not is_step(old, new):
        raise _wrong_state(row, new)
    row.status, row.status_reason = new, reason.strip()[:500]
    row.status_changed_at = row.updated_at = now
    row.status_changed_by = actor if isinstance(actor, User) else None
    row.save()
    _write_history(row, old, actor, row.status_reason, now)
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


def _write_history(row: Subscription, old: str, actor: Actor, reason: str, now: datetime) -> None:
    StatusChange.objects.create(
        subscription=row,
        old_status=old,
        new_status=row.status,
        reason=reason,
        changed_by=actor if isinstance(actor, User) else None,
        changed_at=now,
    )
