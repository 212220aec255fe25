"""Brings letters to mailboxes, each at most once.

A letter is written in the transaction of its event. Who sends it takes it and commits before the mail server hears of
it. A clear refusal gives it back for a later try; when nobody can say whether it arrived, it is left at that.
"""

import smtplib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.mail import get_connection
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from accounts.models import User
from litemaas.mail import Content, address_of, compose, in_language_of
from notifications.kinds import kind_of, wants
from notifications.models import Letter

log = structlog.get_logger(__name__)

# After the first refusal one minute, then 4, 16, 64, 256 minutes; then it is given up.
_FIRST_WAIT = timedelta(minutes=1)
_MOST_ATTEMPTS = 6
_AT_ONCE = 100
PREFERENCES = "/settings/notifications"
_NOT_WANTED = "Not wanted any more."
_NOT_KNOWN = "It is not known whether it arrived."
_ACTIONS = {
    "subscription_decided": gettext_lazy("See the subscription"),
    "budget_threshold": gettext_lazy("See what was spent"),
    "key_expiring": gettext_lazy("See the key"),
    "invitation": gettext_lazy("See the invitation"),
    "job_finished": gettext_lazy("See what came of it"),
}


def letters_for(
    people: Mapping[Any, tuple[Any, str]], kind: str, told: dict[str, Any], once: str
) -> list[Letter]:
    """Of those who want it by mail. `people`: id to preferences and address; `told`: the fields of both."""
    return [
        Letter(user_id=pk, kind=kind, once=once, due_at=told["created_at"], **told)
        for pk, (preferences, address) in people.items()
        if address and wants(preferences, kind, "mail")
    ]


def hurry() -> None:
    """Ask a worker to send now. The broker being away loses nothing: the round each minute finds what waits."""
    from notifications.tasks import send_letters

    try:
        send_letters.delay()
    except (KombuError, RedisError, OSError) as error:
        log.warning("the broker is away, the mails wait", error=type(error).__name__)


def send_due(*, now: datetime) -> int:
    """Send what is due; how many were handed to the mail server."""
    if not Letter.objects.due(now).exists():
        return 0
    connection = get_connection()
    try:
        # Before anything is taken: a mail server that is away costs no letter an attempt.
        connection.open()
    except OSError as error:
        log.warning("the mail server is away, the mails wait", error=type(error).__name__)
        return 0
    sent = 0
    try:
        for _round in range(_AT_ONCE):
            letter = _take(now)
            if letter is None:
                break
            sent += _send(letter, connection, now)
    except OSError as error:
        log.warning("the mail server broke off", error=type(error).__name__)
    finally:
        connection.close()
    return sent


@transaction.atomic(durable=True)
def _take(now: datetime) -> Letter | None:
    due = Letter.objects.due(now).select_related("user").order_by("due_at", "pk")
    letter = due.select_for_update(of=("self",), skip_locked=True).first()
    if letter is not None:
        letter.taken_at, letter.due_at, letter.attempts = now, None, letter.attempts + 1
        letter.save(update_fields=["taken_at", "due_at", "attempts"])
    return letter


def _send(letter: Letter, connection: Any, now: datetime) -> bool:
    mine, user = Letter.objects.filter(pk=letter.pk), letter.user
    if not user.is_active or not user.email or not wants(user.preferences, letter.kind, "mail"):
        mine.update(taken_at=None, last_error=_NOT_WANTED)
        return False
    try:
        _hand_over(letter, user, connection)
    except OSError as error:
        # All of smtplib's errors are OSErrors.
        if not isinstance(error, smtplib.SMTPException) or isinstance(error, smtplib.SMTPServerDisconnected):
            mine.update(last_error=_NOT_KNOWN)
            raise
        wait = _FIRST_WAIT * 4 ** (letter.attempts - 1)
        again = now + wait if letter.attempts < _MOST_ATTEMPTS else None
        mine.update(taken_at=None, due_at=again, last_error=type(error).__name__)
        log.warning("a mail was refused", letter=str(letter.pk), error=type(error).__name__)
        return False
    mine.update(sent_at=now, last_error="")
    return True


def _hand_over(letter: Letter, user: User, connection: Any) -> None:
    with in_language_of(user.preferences):
        message = compose(
            content_of(letter),
            to=user.email,
            message_id=f"letter-{letter.pk}",
            preferences_address=address_of(PREFERENCES),
        )
    message.connection = connection
    message.send()


def content_of(letter: Letter) -> Content:
    """In the active language."""
    kind = kind_of(letter.kind)
    action = _ACTIONS.get(kind.name) if kind else None
    return Content(
        subject=letter.title_text,
        paragraphs=[letter.body_text] if letter.body else [],
        action=str(action or _("Open the portal")),
        link=address_of(letter.link or "/home"),
    )
