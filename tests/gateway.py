"""Pytest plugin: the simulated gateway, fresh for every test that asks for it.

Loaded by `-p tests.gateway` (pyproject.toml). `gateway` is what `litellm_sync.client.gateway()` talks to in that test;
`gateway.faults.add("hang")` and the like make it fail, `gateway.describe()` tells what it knows.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from litellm_sync.client import GatewayClient
    from litellm_sync.simulated import SimulatedGateway


@pytest.fixture
def gateway(settings) -> "Iterator[SimulatedGateway]":
    """A gateway with the default dozen models, and the portal's settings pointing at it."""
    from litellm_sync.client import forget_gateway
    from litellm_sync.simulated import SimulatedGateway

    with SimulatedGateway() as simulated:
        settings.LITELLM_API_URL, settings.LITELLM_API_KEY = simulated.url, simulated.master_key
        forget_gateway()
        yield simulated
        forget_gateway()


@pytest.fixture
def gateway_client(gateway) -> "Iterator[GatewayClient]":
    """A client of its own for that gateway, with a breaker of its own."""
    from litellm_sync.client import GatewayClient

    client = GatewayClient(gateway.url, gateway.master_key)
    yield client
    client.close()
