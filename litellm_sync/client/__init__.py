"""Talks to the LiteLLM gateway."""

from litellm_sync.client.gateway_client import GatewayClient, forget_gateway, gateway
from litellm_sync.client.health import GatewayFeatures
from litellm_sync.client.pages import DailyActivityPage, KeyPage, ListPage, SpendLogPage

__all__ = [
    "DailyActivityPage",
    "GatewayClient",
    "GatewayFeatures",
    "KeyPage",
    "ListPage",
    "SpendLogPage",
    "forget_gateway",
    "gateway",
]
