"""Who has keys for what, and how they are tried out."""

import json
import urllib.error
import urllib.request

import pytest

from catalog.models import Model
from litellm_sync.client import GatewayClient
from litellm_sync.simulated.gateway import SimulatedGateway
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory


@pytest.fixture
def admin_client(gateway_client) -> GatewayClient:
    """The gateway as it really is, past the portal's breaker."""
    return gateway_client


@pytest.fixture
def chat_model(db, gateway) -> Model:
    """A chat model that the gateway serves."""
    name = next(
        d["model_name"] for d in gateway.state.deployments.values() if d["model_info"].get("mode") == "chat"
    )
    return ModelFactory.create(id=name)


@pytest.fixture
def owner(chat_model):
    user = UserFactory.create()
    SubscriptionFactory.create(user=user, model=chat_model)
    return user


def call_model(gateway: SimulatedGateway, secret: str | None, model: str) -> int:
    """The HTTP status of an OpenAI-style request with this key."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    url = f"{gateway.url}/v1/chat/completions"
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
