"""The mail that brings an invitation, at most once.

Who sends it first takes the token out of the row and commits, so no second mail can follow; what is lost after that
(a crash, a mail server that fails half-way) is sent again by hand with a new link.
"""

import smtplib
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from litemaas import crypto
from litemaas.mail import Content, compose, in_language_of
from teams.models import Invitation
from teams.services.invitations import link_of

log = structlog.get_logger(__name__)

# What a lost hurry-up left behind is looked for after this time.
_PATIENCE = timedelta(seconds=30)


def send_invitation(invitation_id: UUID, *, now: datetime) -> bool:
    """Send the mail, if nobody has. False when there was nothing to send or the mail server is away."""
    connection = get_connection()
    try:
        # Before the token is taken: a mail server that is away costs nothing.
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("the mail server is away, the invitation waits", error=type(error).__name__)
        return False
    try:
        taken = _take(invitation_id, now)
        if taken is None:
            return False
        message = _message(*taken)
        message.connection = connection
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning(
            "an invitation could not be mailed", invitation=str(invitation_id), error=type(error).__name__
        )
        Invitation.objects.filter(pk=invitation_id).update(mailed_at=None)
        return False
    finally:
        connection.close()
    return True


def _take(invitation_id: UUID, now: datetime) -> tuple[Invitation, str] | None:
    with transaction.atomic():
        rows = Invitation.objects.filter(pk=invitation_id, status="pending", sealed_token__isnull=False)
        rows = rows.select_related("team", "user", "invited_by")
        row = rows.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
        if row is None or row.sealed_token is None:
            return None
        token = crypto.open_sealed(bytes(row.sealed_token), bound_to=f"invitation:{row.pk}")
        Invitation.objects.filter(pk=row.pk).update(sealed_token=None, mailed_at=now)
    return row, token


def _message(row: Invitation, token: str) -> EmailMultiAlternatives:
    """In the language of the invited account; where there is none yet, in that of whoever invites."""
    account = row.user or User.objects.filter(email__iexact=row.email).first()
    reader = account or row.invited_by
    with in_language_of(reader.preferences if reader else None):
        return compose(
            _content(row, token),
            to=row.user.email if row.user else row.email,
            message_id=f"invitation-{row.pk}-{int(row.created_at.timestamp())}",
        )


def _content(row: Invitation, token: str) -> Content:
    facts = {"team": row.team.name, "role": row.get_role_display()}
    return Content(
        subject=_("Invitation to the team %(team)s") % facts,
        paragraphs=[
            _("%(by)s invites you to the team “%(team)s” as %(role)s.")
            % {**facts, "by": row.invited_by.display_name}
            if row.invited_by
            else _("You are invited to the team “%(team)s” as %(role)s.") % facts
        ],
        quote=row.message,
        action=_("Sign in and answer"),
        link=link_of(token),
        notes=[
            _("The link works once, for your account only, until %(day)s.")
            % {"day": row.expires_at.strftime("%Y-%m-%d")}
        ],
    )


def send_waiting(*, now: datetime) -> int:
    """Send what a lost hurry-up left behind; how many."""
    waiting = Invitation.objects.filter(
        status="pending", sealed_token__isnull=False, created_at__lt=now - _PATIENCE, expires_at__gt=now
    )
    ids = list(waiting.order_by("created_at").values_list("pk", flat=True)[:100])
    return sum(send_invitation(pk, now=now) for pk in ids)
