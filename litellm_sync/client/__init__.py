"""Talks to the LiteLLM gateway."""

from litellm_sync.client.gateway_client import GatewayClient, forget_gateway, gateway
from litellm_sync.client.health import GatewayFeatures
from litellm_sync.client.pages import DailyActivityPage, KeyPage, SpendLogPage

__all__ = [
    "DailyActivityPage",
    "GatewayClient",
    "GatewayFeatures",
    "KeyPage",
    "SpendLogPage",
    "forget_gateway",
    "gateway",
]
