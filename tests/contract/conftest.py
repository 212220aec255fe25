"""The gateway that the contract is held against: every simulated version, and a real LiteLLM when one is named.

`LITELLM_TEST_URL` and `LITELLM_TEST_KEY` name it. Ids are unique per test, and everything made is deleted again.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from litellm_sync.client import GatewayClient
from litellm_sync.simulated import SimulatedGateway
from litellm_sync.simulated.versions import VERSIONS
from tests.contract.program import Program

REAL = "real"
TARGETS = [*VERSIONS, *([REAL] if os.environ.get("LITELLM_TEST_URL") else [])]
# A real proxy writes logs and spends some seconds after the call; it was seen to take up to 30.
PATIENCE = 60.0


@dataclass(frozen=True)
class Target:
    url: str
    key: str
    is_real: bool


@dataclass(frozen=True)
class IssuedKey:
    secret: str
    token: str
    alias: str
    user_id: str


@pytest.fixture(scope="session", params=TARGETS)
def target(request) -> Iterator[Target]:
    if request.param == REAL:
        key = os.environ.get("LITELLM_TEST_KEY", "sk-gateway-test-key")
        yield Target(os.environ["LITELLM_TEST_URL"].rstrip("/"), key, is_real=True)
        return
    with SimulatedGateway(version=request.param) as simulated:
        yield Target(simulated.url, simulated.master_key, is_real=False)


@pytest.fixture
def client(target) -> Iterator[GatewayClient]:
    made = GatewayClient(target.url, target.key)
    yield made
    made.close()


@pytest.fixture
def version(client) -> tuple[int, ...]:
    return client.features().version_tuple


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Ids that no other test and no other run uses."""
    mark = secrets.token_hex(6)
    return lambda name: f"contract-{name}-{mark}"


@pytest.fixture
def user_id(client, unique) -> Iterator[str]:
    made = unique("user")
    client.create_user(user_id=made, user_role="internal_user")
    yield made
    client.delete_user(made)


@pytest.fixture
def issue(client, user_id, unique) -> Iterator[Callable[..., IssuedKey]]:
    """Makes a key the way the portal does: with a secret of our own."""
    issued: list[IssuedKey] = []

    def make(name: str = "key", **body) -> IssuedKey:
        secret = f"sk-{secrets.token_urlsafe(32)}"
        token = hashlib.sha256(secret.encode()).hexdigest()
        key = IssuedKey(secret, token, unique(name), user_id)
        issued.append(key)
        client.create_key(key=secret, key_alias=key.alias, user_id=user_id, key_type="llm_api", **body)
        return key

    yield make
    for key in issued:
        client.delete_key(key.token)


@pytest.fixture
def program(target) -> Callable[[IssuedKey], Program]:
    """Somebody's program, which calls models with an issued key."""
    return lambda key: Program(target.url, key.secret)


@pytest.fixture(scope="session")
def eventually(target) -> Callable[..., object]:
    """What `look` finds, once it finds something; a real gateway's sums take their time."""

    def wait(look: Callable[[], object], what: str) -> object:
        deadline = time.monotonic() + (PATIENCE if target.is_real else 1.0)
        while not (found := look()):
            assert time.monotonic() < deadline, f"{what} did not appear"
            time.sleep(0.5)
        return found

    return wait


@dataclass(frozen=True)
class Models:
    chat: str
    other_chat: str
    embedding: str


@pytest.fixture
def models(client) -> Models:
    """Public names of models with a price."""
    rows = [row for row in client.list_deployments() if row["model_info"].get("input_cost_per_token")]
    names = [row["model_name"] for row in rows]
    single = {
        row["model_name"]: row["model_info"].get("mode")
        for row in rows
        if names.count(row["model_name"]) == 1
    }
    chats = [name for name, mode in single.items() if mode == "chat"]
    return Models(chats[0], chats[1], next(name for name, mode in single.items() if mode == "embedding"))
