"""Telling people something, and their reading it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Actor, User
from notifications.kinds import MESSAGE, wants
from notifications.models import Notification

KEPT = timedelta(days=90)
# Of the messages that pages showed: they are for looking again, not for the record.
MESSAGES_KEPT = timedelta(days=7)
_LONGEST_TITLE = 255


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
    values are shown as they are. `once` names the event; a person who was told of it is not told again. Who does not
    want this kind in the portal is left out.
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
        for user_id in _who_want(set(user_ids), kind)
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=once is not None, batch_size=1000)


def _who_want(user_ids: set[UUID], kind: str) -> list[UUID]:
    if not user_ids:
        return []
    rows = User.objects.filter(pk__in=user_ids).order_by("pk").values_list("pk", "preferences")
    return [pk for pk, preferences in rows if wants(preferences, kind, "portal")]


@transaction.atomic
def keep_messages(*, user_id: UUID, messages: Iterable[tuple[str, str]], now: datetime) -> None:
    """Keep what a page showed for a moment, as (variant, text) in the reader's language, among what was read."""
    rows = [
        Notification(
            user_id=user_id,
            kind=MESSAGE.name,
            variant=variant,
            title=text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…",
            body="" if len(text) <= _LONGEST_TITLE else text,
            created_at=now,
            read_at=now,
        )
        for variant, text in messages
    ]
    Notification.objects.bulk_create(rows)


def mark_read(*, actor: Actor, notification_id: UUID | str, now: datetime) -> None:
    """Reading again changes nothing."""
    row = Notification.objects.visible_to(actor).get_or_refuse(notification_id)
    Notification.objects.unread().filter(pk=row.pk).update(read_at=max(now, row.created_at))


def mark_all_read(*, actor: Actor, now: datetime) -> int:
    """How many were unread."""
    return Notification.objects.visible_to(actor).unread().filter(created_at__lte=now).update(read_at=now)


def remove(*, actor: Actor, notification_id: UUID | str) -> None:
    Notification.objects.visible_to(actor).get_or_refuse(notification_id).delete()


def clear_read(*, actor: Actor) -> int:
    """Remove all of one's own that were read; how many."""
    return Notification.objects.visible_to(actor).filter(read_at__isnull=False).delete()[0]


def forget_old(*, now: datetime) -> int:
    """Drop what is older than `KEPT`, of pages' messages `MESSAGES_KEPT`; how many."""
    old = Q(created_at__lt=now - KEPT) | Q(kind=MESSAGE.name, created_at__lt=now - MESSAGES_KEPT)
    return Notification.objects.filter(old).delete()[0]
