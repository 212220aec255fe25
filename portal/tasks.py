"""Celery entry points of the portal."""

from celery import shared_task
from django.utils import timezone

from portal.backups import services


@shared_task
def forget_old_backups() -> int:
    return services.forget_old(now=timezone.now())
