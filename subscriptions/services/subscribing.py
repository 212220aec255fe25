"""Asking for a model, and asking again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from catalog.errors import ModelNotFound
from catalog.models import Model
from litemaas import dry_run, errors
from litemaas.inserting import insert_together
from subscriptions import policies, quota_rules
from subscriptions.errors import AlreadySubscribed
from subscriptions.models import Subscription
from subscriptions.states import ENDED, Act
from subscriptions.steps import beginning, locked, take_step, wrong_state
from subscriptions.telling import tell_administrators

_S = Subscription.Status


@dataclass(frozen=True)
class Terms:
    """What a subscription is asked for with. Quotas per month, None = the usual ones."""

    quota_requests: int | None = None
    quota_tokens: int | None = None
    expires_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@transaction.atomic(durable=True)
def subscribe(
    *,
    actor: User,
    model_id: str,
    quota_requests: int | None = None,
    quota_tokens: int | None = None,
    expires_at: datetime | None = None,
    metadata: dict[str, Any] | None = None,
    user_id: UUID | None = None,
    reason: str = "",
    now: datetime,
) -> Subscription:
    """Subscribe to a model: active at once, or pending where the model is restricted. Administrators may do so for
    another user. `reason` is for whoever decides, up to 500 characters; it goes unread where nobody has to.

    An ended subscription is taken up again with new quotas; any other one that is there is AlreadySubscribed.
    """
    if not policies.may_subscribe(actor):
        raise errors.Forbidden(requiredPermission="subscriptions:write")
    owner = _owner(actor, user_id)
    terms = Terms(
        *quota_rules.wanted(quota_requests, quota_tokens), expires_at, metadata or {}, reason.strip()
    )
    if expires_at is not None and expires_at <= now:
        raise errors.InvalidInput(fields={"expiresAt": _("Choose a future date.")})
    model = model_to_subscribe(model_id)
    status = _S.PENDING if model.restricted_access else _S.ACTIVE
    why = terms.reason if status == _S.PENDING else ""
    created = create(actor, owner, model, status, terms, now, action="SUBSCRIPTION_CREATE", reason=why)
    row = created or _take_up_again(actor, owner, model, status, terms, now)
    tell_administrators(row, owner, now)
    return row


def _owner(actor: User, user_id: UUID | None) -> User:
    if user_id is None or user_id == actor.pk:
        return actor
    if not policies.may_decide(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    owner: User | None = User.objects.active().filter(pk=user_id).first()
    if owner is None:
        raise errors.InvalidInput(fields={"userId": _("There is no such active user.")})
    return owner


def model_to_subscribe(model_id: str) -> Model:
    """Locked against a switch of the restriction at the same moment, which would miss the row that is about to be
    made."""
    model = Model.objects.held_still(model_id)
    if model is None:
        raise ModelNotFound
    if not model.is_available:
        raise errors.InvalidInput(fields={"modelId": _("This model is not available at the moment.")})
    return model


def create(
    actor: Actor,
    owner: User,
    model: Model,
    status: str,
    terms: Terms,
    now: datetime,
    *,
    action: str,
    reason: str = "",
) -> Subscription | None:
    """The new row, or None when there is one. The unique rule decides, so 50 clicks at once make one row."""
    try:
        (row,) = create_all(actor, owner, [model], status, terms, now, action=action, reason=reason)
    except IntegrityError:
        return None
    return row


def create_all(
    actor: Actor,
    owner: User,
    models: list[Model],
    status: str,
    terms: Terms,
    now: datetime,
    *,
    action: str,
    reason: str = "",
) -> list[Subscription]:
    """The new rows for all of these models, by one statement. Raises IntegrityError when there is one: then none is
    made."""
    requests, tokens = quota_rules.wanted(terms.quota_requests, terms.quota_tokens)
    rows = [
        Subscription(
            user=owner,
            model=model,
            status=status,
            quota_requests=requests,
            quota_tokens=tokens,
            expires_at=terms.expires_at,
            metadata=terms.metadata,
            status_reason=reason[:500],
            status_changed_at=now,
            status_changed_by=actor if isinstance(actor, User) else None,
            created_at=now,
            updated_at=now,
        )
        for model in models
    ]
    if not rows:
        return []
    whose = {"userId": str(owner.pk)} if owner != actor else {}
    beginnings = [beginning(row, "", actor, now) for row in rows]
    told = [{"modelId": row.model_id, "status": status, **whose} for row in rows]
    events = [
        audit.draft(action, actor=actor, obj=row, at=now, new=new)
        for row, new in zip(rows, told, strict=True)
    ]
    with transaction.atomic():
        insert_together(*rows, *beginnings, *events)
    dry_run.note("SUBSCRIPTION", ((str(row.pk), str(row)) for row in rows))
    return rows


def _take_up_again(
    actor: User, owner: User, model: Model, status: str, terms: Terms, now: datetime
) -> Subscription:
    row = Subscription.objects.select_for_update(of=("self",), no_key=True).get(user=owner, model=model)
    if row.status not in ENDED:
        raise AlreadySubscribed(subscriptionId=str(row.pk), status=row.status)
    row.quota_requests, row.quota_tokens = quota_rules.wanted(terms.quota_requests, terms.quota_tokens)
    row.granted_requests = row.granted_tokens = row.deleted_at = None
    row.expires_at, row.metadata = terms.expires_at, terms.metadata
    action = "SUBSCRIPTION_REAPPLIED" if status == _S.PENDING else "SUBSCRIPTION_REACTIVATED"
    why = terms.reason if status == _S.PENDING else ""
    return take_step(row, status, act=Act.SUBSCRIBE, actor=actor, action=action, reason=why, now=now)


@transaction.atomic(durable=True)
def request_review(
    *, actor: Actor, subscription_id: UUID | str, comment: str = "", now: datetime
) -> Subscription:
    """Ask again after a denial. A request that is pending stays pending."""
    row = locked(actor, subscription_id)
    if not policies.may_ask_again(actor, row):
        raise errors.Forbidden(requiredPermission="subscriptions:write")
    if row.status == _S.PENDING:
        return row
    if row.status != _S.DENIED:
        raise wrong_state(row.status, _S.PENDING)
    action = "SUBSCRIPTION_REVIEW_REQUESTED"
    row = take_step(row, _S.PENDING, act=Act.REVIEW, actor=actor, action=action, reason=comment, now=now)
    tell_administrators(row, row.user, now)
    return row
