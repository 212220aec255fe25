"""The mail that brings an invitation, at most once.

Who sends it first takes the token out of the row and commits, so no second mail can follow; what is lost after that
(a crash, a mail server that fails half-way) is sent again by hand with a new link.
"""

import smtplib
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from litemaas import crypto
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
    values = {
        "invitation": row,
        "team": row.team,
        "by": row.invited_by.display_name if row.invited_by else "",
        "link": link_of(token),
        "role": row.get_role_display(),
    }
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Invitation to the team %(team)s") % {"team": row.team.name}
        text = render_to_string("teams/mail/invitation.txt", values)
        html = render_to_string("teams/mail/invitation.html", values)
    to = row.user.email if row.user else row.email
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[to])
    message.attach_alternative(html, "text/html")
    return message


def send_waiting(*, now: datetime) -> int:
    """Send what a lost hurry-up left behind; how many."""
    waiting = Invitation.objects.filter(
        status="pending", sealed_token__isnull=False, created_at__lt=now - _PATIENCE, expires_at__gt=now
    )
    ids = list(waiting.order_by("created_at").values_list("pk", flat=True)[:100])
    return sum(send_invitation(pk, now=now) for pk in ids)
