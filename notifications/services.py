"""Telling people something, and their reading it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Actor
from notifications.models import Notification

KEPT = timedelta(days=90)


def notify(
    *,
    user_ids: Iterable[UUID],
    kind: str,
    title: str,
    body: str = "",
    parameters: dict[str, Any] | None = None,
    link: str = "",
    variant: str = "info",
    once: str | None = None,
    now: datetime,
) -> None:
    """Tell each of these people, in the caller's transaction: the message exists if and only if the event does.

    `title` and `body` are source strings marked with `gettext_noop`, with `%(name)s` places for `parameters`, whose
    values are shown as they are. `once` names the event; a person who was told of it is not told again.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A notification belongs into the transaction of its event.")
    filled = {name: str(value) for name, value in (parameters or {}).items()}
    rows = [
        Notification(
            user_id=user_id,
            kind=kind,
            variant=variant,
            title=title,
            body=body,
            parameters=filled,
            link=link,
            once=once,
            created_at=now,
        )
        for user_id in sorted(set(user_ids))
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=once is not None, batch_size=1000)


def mark_read(*, actor: Actor, notification_id: UUID | str, now: datetime) -> None:
    """Reading again changes nothing."""
    row = Notification.objects.visible_to(actor).get_or_refuse(notification_id)
    Notification.objects.unread().filter(pk=row.pk).update(read_at=max(now, row.created_at))


def mark_all_read(*, actor: Actor, now: datetime) -> int:
    """How many were unread."""
    return Notification.objects.visible_to(actor).unread().filter(created_at__lte=now).update(read_at=now)


def remove(*, actor: Actor, notification_id: UUID | str) -> None:
    Notification.objects.visible_to(actor).get_or_refuse(notification_id).delete()


def forget_old(*, now: datetime) -> int:
    """Drop what is older than `KEPT`; how many."""
    return Notification.objects.filter(created_at__lt=now - KEPT).delete()[0]
