"""Celery entry points of the portal."""

from celery import shared_task
from django.utils import timezone

from portal.backups import plan, services
from portal.sync import telling


@shared_task
def forget_old_backups() -> int:
    return services.forget_old(now=timezone.now())


@shared_task
def make_planned_backups() -> int:
    return len(plan.make_due(now=timezone.now()))


@shared_task
def tell_of_refusals() -> bool:
    return telling.tell_of_refusals(now=timezone.now())
