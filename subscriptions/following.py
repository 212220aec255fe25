"""What happens to subscriptions when their model changes. Each runs in the transaction of that change, with a handful
of statements however many people use the model.

Access needs none of this: a key opens a model only while it is available and the subscription active. It is the
subscription's own state that people and programs see, so it must say what is the case (docs/adr/0003).
"""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from accounts.models import SYSTEM, Actor
from catalog.models import Model
from subscriptions import reasons
from subscriptions.models import Subscription, SubscriptionQuerySet
from subscriptions.states import ENDED, Act
from subscriptions.steps import access_changed, many_ended, take_steps

_S = Subscription.Status


def follow_restriction(model: Model, actor: Actor, now: datetime) -> None:
    """A model became restricted: active subscriptions need approval. It became open: pending ones are active.

    What is suspended, or gone with the model, follows when it comes back.
    """
    mine = Subscription.objects.filter(model=model)
    if model.restricted_access:
        old, new, act, reason = _S.ACTIVE, _S.PENDING, Act.RESTRICT, reasons.MODEL_RESTRICTED
        waiting = Q(status=_S.SUSPENDED) | Q(resumes_as__in=[_S.ACTIVE, _S.SUSPENDED])
        mine.filter(waiting).update(needs_approval=True)
    else:
        old, new, act, reason = _S.PENDING, _S.ACTIVE, Act.OPEN, reasons.MODEL_OPEN
        mine.filter(needs_approval=True).update(needs_approval=False)
        mine.filter(resumes_as=_S.PENDING).update(resumes_as=_S.ACTIVE)
    changed = take_steps(
        mine.filter(status=old),
        new,
        act=act,
        actor=SYSTEM,
        action="SUBSCRIPTION_RESTRICTION",
        reason=reason,
        now=now,
    )
    access_changed(changed, now) if changed else None


def follow_availability(model_ids: list[str], now: datetime) -> None:
    """Models vanished from the gateway, or came back. Whoever wakes the keys follows the models by itself."""
    rows = Subscription.objects.filter(model_id__in=model_ids)
    _take(rows.exclude(model__availability=Model.Availability.AVAILABLE), now)
    _give_back(rows.filter(model__availability=Model.Availability.AVAILABLE), now)


def _take(rows: SubscriptionQuerySet, now: datetime) -> None:
    take_steps(
        rows.exclude(status__in=ENDED),
        _S.INACTIVE,
        act=Act.VANISH,
        actor=SYSTEM,
        action="SUBSCRIPTION_MODEL_GONE",
        reason=reasons.MODEL_GONE,
        now=now,
        resumes_as=F("status"),
        resumes_reason=F("status_reason"),
        suspended_by=F("suspended_by"),
    )


def _give_back(rows: SubscriptionQuerySet, now: datetime) -> None:
    """Exactly what the model's absence took, and nothing that ended for another reason."""
    taken = rows.filter(status=_S.INACTIVE).exclude(resumes_as="").order_by()
    kinds = set(taken.values_list("resumes_as", "needs_approval").distinct())
    for was in (_S.PENDING, _S.ACTIVE, _S.DENIED, _S.SUSPENDED):
        for needs_approval in (flag for flag in (False, True) if (was, flag) in kinds):
            becomes = _S.PENDING if was == _S.ACTIVE and needs_approval else was
            take_steps(
                rows.filter(status=_S.INACTIVE, resumes_as=was, needs_approval=needs_approval),
                becomes,
                act=Act.RETURN,
                actor=SYSTEM,
                action="SUBSCRIPTION_MODEL_BACK",
                reason=reasons.MODEL_BACK,
                now=now,
                status_reason=F("resumes_reason"),
                suspended_by=F("suspended_by"),
                needs_approval=needs_approval and was == _S.SUSPENDED,
            )


def follow_retirement(model: Model, actor: Actor, now: datetime) -> None:
    """An administrator took the model away: its subscriptions end for good, also those that waited for its return."""
    rows = Subscription.objects.filter(model=model)
    waiting = list(rows.exclude(resumes_as="").values_list("pk", flat=True))
    rows.filter(pk__in=waiting).update(
        resumes_as="", resumes_reason="", suspended_by="", needs_approval=False
    )
    ended: list[UUID] = take_steps(
        rows.exclude(status__in=ENDED),
        _S.INACTIVE,
        act=Act.VANISH,
        actor=actor,
        action="SUBSCRIPTION_MODEL_GONE",
        reason=reasons.MODEL_RETIRED,
        now=now,
        needs_approval=False,
    )
    many_ended(waiting + ended, now) if waiting or ended else None
