"""Telling people something, and their reading it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from accounts.models import Actor, User
from notifications.kinds import MESSAGE, wants
from notifications.mailing import hurry, letters_for
from notifications.models import Letter, Notification

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
    by_mail: bool = True,
    now: datetime,
) -> None:
    """Tell each of these people, in the caller's transaction: the message exists if and only if the event does.

    `title` and `body` are source strings marked with `gettext_noop`, with `%(name)s` places for `parameters`, whose
    values are shown as they are. `once` names the event; a person who was told of it is not told again. Where
    each is told, in the portal and by mail, their preferences say; `by_mail=False` where another mail tells it.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A notification belongs into the transaction of its event.")
    told = {
        "title": title,
        "body": body,
        "parameters": {name: str(value) for name, value in (parameters or {}).items()},
        "link": link,
        "created_at": now,
    }
    people = _people(set(user_ids))
    rows = [
        Notification(user_id=pk, kind=kind, variant=variant, once=once, **told)
        for pk, (preferences, _address) in people.items()
        if wants(preferences, kind, "portal")
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=once is not None, batch_size=1000)
    letters = letters_for(people, kind, told, once or f"{kind} {uuid4()}") if by_mail else []
    if letters:
        Letter.objects.bulk_create(letters, ignore_conflicts=True, batch_size=1000)
        transaction.on_commit(hurry, robust=True)


def _people(user_ids: set[UUID]) -> dict[UUID, tuple[Any, str]]:
    """Preferences and address of each, in a fixed order."""
    if not user_ids:
        return {}
    rows = User.objects.filter(pk__in=user_ids).order_by("pk").values_list("pk", "preferences", "email")
    return {pk: (preferences, address) for pk, preferences, address in rows}


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


def keep_seen(
    *, user: User, kind: str, variant: str, title: str, body: str, once: str, now: datetime
) -> None:
    """Keep what somebody has read elsewhere, in the reader's language, unless they want nothing of this kind here."""
    if wants(user.preferences, kind, "portal"):
        row = Notification(
            user=user, kind=kind, variant=variant, title=title[:_LONGEST_TITLE], body=body, once=once
        )
        row.created_at = row.read_at = now
        Notification.objects.bulk_create([row], ignore_conflicts=True)


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
    Letter.objects.filter(created_at__lt=now - KEPT).delete()
    old = Q(created_at__lt=now - KEPT) | Q(kind=MESSAGE.name, created_at__lt=now - MESSAGES_KEPT)
    return Notification.objects.filter(old).delete()[0]
