"""Reads what has been spent from the gateway, between two comparisons."""

import structlog
from django.utils import timezone

from litellm_sync import registry
from litellm_sync.client import GatewayClient, gateway
from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from litellm_sync.listing import pages_of
from litellm_sync.reconciler import keep_spend
from litemaas.locks import advisory_lock

log = structlog.get_logger(__name__)

# Deployments spend nothing.
_SPENDERS = ("user", "team", "member", "key")


def poll_spend(*, client: GatewayClient | None = None) -> int:
    """Record what the gateway says now; of how many objects. One at a time; what can't be read keeps its old figure."""
    recorded = 0
    with advisory_lock("poll the spend") as is_mine:
        for kind in [kind for kind in registry.reconciled_kinds() if kind in _SPENDERS and is_mine]:
            try:
                recorded += _poll(kind, client or gateway())
            except (GatewayUnavailable, GatewayRefused) as error:
                log.warning("the spend was not read", kind=kind, reason=str(error))
    return recorded


def _poll(kind: str, client: GatewayClient) -> int:
    recorded, as_of = 0, timezone.now()
    for page in pages_of(kind, client):
        wishes = registry.mirror_of(kind).wishes(list(page.rows)) if page.rows else {}
        recorded += keep_spend(kind, page.rows, wishes, as_of=as_of)
        as_of = timezone.now()
    return recorded
