"""What we keep about the gateway: the outbox, its spend, and where it disagrees with the portal."""

from litellm_sync.models.drift import Finding, FindingQuerySet, Sighted, SyncRun
from litellm_sync.models.outbox import LEASE, Claim, GatewayObject, GatewayObjectQuerySet, sync_status_of
from litellm_sync.models.spend import GatewaySpend, budget_reset_of, spend_as_of, spend_of

__all__ = [
    "LEASE",
    "Claim",
    "Finding",
    "FindingQuerySet",
    "GatewayObject",
    "GatewayObjectQuerySet",
    "GatewaySpend",
    "Sighted",
    "SyncRun",
    "budget_reset_of",
    "spend_as_of",
    "spend_of",
    "sync_status_of",
]
