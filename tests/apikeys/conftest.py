"""A gateway of our own for each test, and its view of the keys."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from catalog.models import Model
from litellm_sync.client import GatewayClient, forget_gateway
from litellm_sync.client import gateway as configured_gateway
from litellm_sync.simulated.gateway import SimulatedGateway
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory


@pytest.fixture
def gateway(settings) -> Iterator[SimulatedGateway]:
    with SimulatedGateway() as made:
        settings.LITELLM_API_URL, settings.LITELLM_API_KEY = made.url, made.master_key
        forget_gateway()
        yield made
        # Before the gateway stops: it would wait for what still hangs.
        made.faults.clear()
    forget_gateway()


@pytest.fixture
def admin_client(gateway) -> GatewayClient:
    """The gateway as it really is, past breaker and faults of the test's own."""
    return configured_gateway()


@pytest.fixture
def chat_model(db, gateway) -> Model:
    """A chat model that the gateway serves."""
    name = next(
        d["model_name"] for d in gateway.state.deployments.values() if d["model_info"].get("mode") == "chat"
    )
    return ModelFactory(id=name)


@pytest.fixture
def owner(chat_model):
    user = UserFactory()
    SubscriptionFactory(user=user, model=chat_model)
    return user


def call_model(gateway: SimulatedGateway, secret: str, model: str) -> int:
    """The HTTP status of an OpenAI-style request with this key."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    url = f"{gateway.url}/v1/chat/completions"
    request = urllib.request.Request(url, body, headers)  # noqa: S310  a server of our own
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
