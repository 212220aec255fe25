from celery import shared_task
from django.utils import timezone

from notifications import mailing, services


@shared_task
def forget_old_notifications() -> int:
    return services.forget_old(now=timezone.now())


@shared_task
def send_letters() -> int:
    """Each minute, and at once after an event: send the mails that are due."""
    return mailing.send_due(now=timezone.now())
