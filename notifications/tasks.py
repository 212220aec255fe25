from celery import shared_task
from django.utils import timezone

from notifications import services


@shared_task
def forget_old_notifications() -> int:
    return services.forget_old(now=timezone.now())
