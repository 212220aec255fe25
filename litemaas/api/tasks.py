from celery import shared_task
from django.utils import timezone

from litemaas.api import idempotency


@shared_task
def forget_idempotent_requests() -> int:
    return idempotency.forget_old(now=timezone.now())
