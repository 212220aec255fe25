"""Celery entry points of API keys."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from accounts.models import SYSTEM
from apikeys import services, telling
from apikeys.limits import GATEWAY_IS_ENTERPRISE, GATEWAY_VERSION
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway


@shared_task
def tend_rotations() -> int:
    """Each minute: end overlaps that are over, and divide what remains of shared budgets again."""
    _remember_gateway()
    return services.tend_rotations(now=timezone.now())


@shared_task
def clean_up_expired_keys() -> int:
    """Each hour: take expired keys from the gateway and forget their secrets."""
    return services.clean_up_expired_keys(actor=SYSTEM, now=timezone.now())


@shared_task
def tell_of_expiring_keys() -> int:
    """Each hour: a week and a day before a key ends."""
    return telling.tell_of_expiring_keys(now=timezone.now())


def _remember_gateway() -> None:
    """Which limits bind depends on the gateway's version and licence, and who shows them must not ask it."""
    from litellm_sync.client import gateway

    try:
        version = gateway().features().version_tuple
        is_enterprise = gateway().is_enterprise()
    except (GatewayUnavailable, GatewayRefused, UnsupportedGateway):
        return
    cache.set(GATEWAY_IS_ENTERPRISE, is_enterprise, timeout=None)
    if version:
        cache.set(GATEWAY_VERSION, version, timeout=None)
