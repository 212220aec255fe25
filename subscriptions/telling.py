"""Whom a subscription's change is told, in the transaction of the change."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_noop

from accounts.models import Actor, User
from accounts.permissions import ADMIN
from notifications.services import News, notify, notify_each
from subscriptions.models import Subscription

_S = Subscription.Status


def tell_administrators(row: Subscription, owner: User, now: datetime) -> None:
    """Somebody waits for a decision, if so."""
    if row.status != _S.PENDING:
        return
    admins = User.objects.active().filter(roles__contains=[ADMIN]).values_list("pk", flat=True)
    notify(
        user_ids=admins,
        kind="subscription_requested",
        title=gettext_noop("%(user)s asks for %(model)s"),
        body=gettext_noop("%(reason)s") if row.status_reason else "",
        parameters={"user": owner.username, "model": row.model_id, "reason": row.status_reason},
        link="/operations/subscriptions",
        now=now,
    )


def tell_owner(row: Subscription, actor: Actor, now: datetime) -> None:
    """An administrator decided on somebody else's."""
    tell_owners([row], actor, now)


def tell_owners(rows: Iterable[Subscription], actor: Actor, now: datetime) -> None:
    """The same of many, who are in the same state for the same reason now."""
    others = [row for row in rows if row.user_id != actor.pk]
    if not others:
        return
    row = others[0]
    title, variant = {
        _S.ACTIVE: (gettext_noop("You may use %(model)s"), "success"),
        _S.DENIED: (gettext_noop("Your access to %(model)s was denied"), "danger"),
        _S.PENDING: (gettext_noop("Your access to %(model)s waits for a decision"), "warning"),
        _S.SUSPENDED: (gettext_noop("Your subscription to %(model)s was suspended"), "warning"),
        _S.INACTIVE: (gettext_noop("Your subscription to %(model)s was ended"), "warning"),
    }[_S(row.status)]
    news = (
        News(
            one.user_id,
            {"model": one.model_id, "reason": row.status_reason},
            f"/subscriptions/{one.pk}",
            once=f"subscription {one.pk} {row.status} {now.isoformat()}",
        )
        for one in others
    )
    notify_each(
        news,
        kind=f"subscription_{row.status}",
        variant=variant,
        title=title,
        body=gettext_noop("%(reason)s") if row.status_reason else "",
        now=now,
    )


def tell_of_quotas(subscription_ids: list[UUID], now: datetime) -> None:
    """Quotas are used up; one statement for each model."""
    by_model: dict[str, list[UUID]] = {}
    rows = Subscription.objects.filter(pk__in=subscription_ids).values_list("model_id", "user_id")
    for model_id, user_id in rows:
        by_model.setdefault(model_id, []).append(user_id)
    for model_id, user_ids in sorted(by_model.items()):
        notify(
            user_ids=user_ids,
            kind="subscription_quota",
            variant="warning",
            title=gettext_noop("Your quota for %(model)s is used up"),
            body=gettext_noop("It begins anew next month. You may ask an administrator for more."),
            parameters={"model": model_id},
            link="/subscriptions",
            now=now,
        )
