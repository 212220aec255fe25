"""The simulated gateway answers recorded requests with the recorded status and shape."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from litellm_sync.simulated import SimulatedGateway
from litellm_sync.simulated.catalogue import deployment
from tests.litellm_sync.scenes import ALL, KEYS, Step
from tests.litellm_sync.shape import differences

RECORDED = json.loads((Path(__file__).parent / "recordings.json").read_text())
RECORDED_AT = datetime(2026, 11, 22, 21, 50, tzinfo=UTC)


def _model(name: str, model: str, reply: object, costs: tuple[float, float] | None = None, **info) -> dict:
    prices = dict(zip(("input_cost_per_token", "output_cost_per_token"), costs or (), strict=False))
    return deployment(name, f"openai/{model}", params={"mock_response": reply, **prices}, **info)


# What the recorded gateway was configured with.
DEPLOYMENTS = [
    _model(
        "gpt-mock",
        "gpt-mock-chat",
        "Hello from the mock chat model.",
        (1e-05, 3e-05),
        id="mock-chat-1",
        mode="chat",
        max_input_tokens=128000,
        max_output_tokens=4096,
        supports_function_calling=True,
        supports_vision=True,
        access_groups=["general"],
        description="mock chat",
    ),
    _model(
        "gpt-4o-mini",
        "gpt-4o-mini",
        "Hello from mock 4o-mini.",
        (1.5e-07, 6e-07),
        id="mock-4o-mini",
        mode="chat",
        max_input_tokens=128000,
        max_output_tokens=16384,
        supports_vision=True,
        supports_function_calling=True,
    ),
    _model(
        "embed-mock", "text-embedding-3-small", [0.1, 0.2], (2e-08, 0.0), id="mock-embed-1", mode="embedding"
    ),
    _model("limited-mock", "limited", "limited", (1e-06, 2e-06), id="mock-limited-1", mode="chat"),
    _model("free-mock", "some-local-model-without-costs", "free", id="mock-free-1"),
    _model("zero-mock", "zero", "zero", (0.0, 0.0), id="mock-zero-1", mode="chat"),
]


class Replay:
    """Sends the steps in order and notes what is not as recorded."""

    def __init__(self, simulated: SimulatedGateway) -> None:
        self._simulated = simulated
        self._session = requests.Session()
        self.replayed: set[str] = set()
        self.faults: list[str] = []

    def run(self, steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, dict):
                self._prepare(step)
            else:
                caller, name = step if isinstance(step, tuple) else ("administrator", step)
                self._replay(name, caller)
        self._session.close()

    def _prepare(self, step: dict) -> None:
        if "seconds" in step:
            self._simulated.faults.add("clock_offset", seconds=step["seconds"])
            return
        answer = self._send("POST", step["path"], step["body"], "administrator")
        assert answer.status_code == 200, answer.text

    def _replay(self, name: str, caller: str) -> None:
        call = RECORDED["calls"][name]
        body = {**call["body"], **call.get("pinned", {})} if call["body"] is not None else None
        answer = self._send(call["method"], call["path"], body, caller)
        self.replayed.add(name)
        if answer.status_code != call["status"]:
            self.faults.append(
                f"{name}: status {answer.status_code} instead of {call['status']}: {answer.text[:300]}"
            )
        elif call["shape"] == "stream":
            assert answer.text.endswith("data: [DONE]\n\n")
        else:
            self.faults += [f"{name}{fault}" for fault in differences(_shape(call), answer.json())]

    def _send(self, method: str, path: str, body: object, caller: str) -> requests.Response:
        secret = self._secret(caller)
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return self._session.request(
            method, self._simulated.url + path, json=body, headers=headers, timeout=10
        )

    def _secret(self, caller: str) -> str | None:
        if caller == "nobody":
            return None
        if caller == "administrator":
            return self._simulated.master_key
        made = RECORDED["calls"].get(caller, {})
        return KEYS.get(caller) or made.get("pinned", {}).get("key") or made["body"]["key"]


def _shape(call: dict) -> object:
    shape = call["shape"]
    return RECORDED["shapes"][shape["$"]] if isinstance(shape, dict) and "$" in shape else shape


@pytest.fixture
def replay() -> Iterator[Replay]:
    with SimulatedGateway(deployments=DEPLOYMENTS) as simulated:
        offset = (RECORDED_AT - datetime.now(UTC)).total_seconds()
        simulated.faults.add("clock_offset", seconds=offset)
        yield Replay(simulated)


def test_recorded_requests_get_the_recorded_status_and_shape(replay, record_property):
    replay.run(ALL)
    assert replay.faults == []
    assert replay.replayed == RECORDED["calls"].keys()
    covered = f"{len(replay.replayed)} of {RECORDED['recorded']} recordings"
    record_property("covered", covered)
    print(covered)  # noqa: T201 - `pytest -rP` shows it
