"""Celery entry points of teams."""

from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def hurry_mail(invitation_id: UUID) -> None:
    """Ask a worker to send the mail now. The broker being away loses nothing: the round each minute finds it."""
    try:
        mail_invitation.delay(str(invitation_id))
    except (KombuError, RedisError, OSError) as error:
        log.warning("the broker is away, the mail waits", error=type(error).__name__)


@shared_task
def mail_invitation(invitation_id: str) -> bool:
    from teams.mail import send_invitation

    return send_invitation(UUID(invitation_id), now=timezone.now())


@shared_task
def look_after_invitations() -> int:
    """Each minute: send what waits, and end what is over."""
    from teams import services
    from teams.mail import send_waiting

    now = timezone.now()
    services.expire_invitations(now=now)
    return send_waiting(now=now)


@shared_task
def end_spend_offsets() -> int:
    """Each minute: teams whose budget window ended after a reset of their spend."""
    from teams import services

    return services.end_spend_offsets(now=timezone.now())
