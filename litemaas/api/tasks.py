from celery import shared_task
from django.utils import timezone

from litemaas.api import idempotency
from litemaas.crypto import columns


@shared_task
def forget_idempotent_requests() -> int:
    return idempotency.forget_old(now=timezone.now())


@shared_task
def renew_sealed_values() -> int:
    """Each day: what an older master key holds goes under the first one. Returns how many values did."""
    return columns.renew().renewed
