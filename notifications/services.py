"""Telling people something, and their reading it."""

from collections.abc import Iterable
from dataclasses import dataclass
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
    news = [News(pk, parameters or {}, link, once) for pk in set(user_ids)]
    notify_each(news, kind=kind, title=title, body=body, variant=variant, by_mail=by_mail, now=now)


@dataclass(frozen=True, slots=True)
class News:
    """What is different for each of those who are told; see `notify`."""

    user_id: UUID
    parameters: dict[str, Any]
    link: str = ""
    once: str | None = None


def notify_each(
    news: Iterable[News],
    *,
    kind: str,
    title: str,
    body: str = "",
    variant: str = "info",
    by_mail: bool = True,
    now: datetime,
) -> None:
    """Tell each of these people their own news of one kind: three statements, however many they are."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A notification belongs into the transaction of its event.")
    news = list(news)
    people = _people({one.user_id for one in news})
    # In one order, so that two who tell the same people don't wait for each other.
    news = sorted((one for one in news if one.user_id in people), key=lambda one: one.user_id)
    rows, letters = [], []
    event = f"{kind} {uuid4()}"
    for one in news:
        parameters = {name: str(value) for name, value in one.parameters.items()}
        told = {
            "title": title, "body": body, "parameters": parameters, "link": one.link, "created_at": now
        }  # fmt: skip
        person = people[one.user_id]
        if wants(person[0], kind, "portal"):
            rows.append(Notification(user_id=one.user_id, kind=kind, variant=variant, once=one.once, **told))
        if by_mail:
            letters += letters_for({one.user_id: person}, kind, told, one.once or event)
    is_once = any(one.once is not None for one in news)
    Notification.objects.bulk_create(rows, ignore_conflicts=is_once, batch_size=1000)
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
