from celery import shared_task
from django.utils import timezone

from subscriptions import services


@shared_task
def expire_subscriptions() -> int:
    """End the subscriptions whose time ran out."""
    return services.expire_subscriptions(now=timezone.now())
