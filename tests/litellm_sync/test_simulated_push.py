"""The simulated gateway pushes usage like LiteLLM's generic API callback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from litellm_sync.simulated import SimulatedGateway, Target


class Portal:
    """Takes pushes, with the statuses it is told to give first."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[tuple[str, list[dict]]] = []
        self.came = threading.Condition()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with portal.came:
                    status = portal.statuses.pop(0) if portal.statuses else 200
                    portal.taken.append((self.headers["authorization"], body))
                    portal.came.notify_all()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/usage"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def wait_for(self, number: int) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.taken) >= number, timeout=5)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    made.stop()


@pytest.fixture
def pushing(portal) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(push=Target(portal.url, "portal-secret", interval=0.05)) as simulated:
        yield simulated


def _chat(gateway: SimulatedGateway, model: str = "gpt-4o") -> requests.Response:
    headers = {"Authorization": f"Bearer {gateway.master_key}"}
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "user": "end-user"}
    return requests.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=5)


def test_a_call_is_pushed_with_the_id_of_its_log(pushing, portal):
    answer = _chat(pushing)
    portal.wait_for(1)
    authorization, (event,) = portal.taken[0]
    assert authorization == "Bearer portal-secret"
    assert event["id"] == answer.json()["id"] == pushing.state.ledger.rows[0]["request_id"]
    assert event["response_cost"] == float(answer.headers["x-litellm-response-cost"])
    assert (event["model_group"], event["end_user"], event["status"]) == ("gpt-4o", "end-user", "success")
    assert event["endTime"] >= event["startTime"] > 1.7e9


def test_a_failure_is_pushed_too(pushing, portal):
    _chat(pushing, "no-such-model")
    portal.wait_for(1)
    (event,) = portal.taken[0][1]
    assert (event["status"], event["response_cost"]) == ("failure", 0)
    assert "no-such-model" in event["error_str"]


def test_a_server_error_is_tried_again(pushing, portal):
    portal.statuses = [500, 503]
    _chat(pushing)
    portal.wait_for(3)
    assert portal.taken[0][1] == portal.taken[2][1]


def test_a_refused_batch_is_dropped(pushing, portal):
    portal.statuses = [401]
    _chat(pushing)
    portal.wait_for(1)
    _chat(pushing)
    portal.wait_for(2)
    assert len(portal.taken) == 2
    assert portal.taken[0][1] != portal.taken[1][1]


def test_a_portal_that_is_away_loses_the_batch(caplog):
    with SimulatedGateway(push=Target("http://127.0.0.1:9/", "", interval=60)) as simulated:
        assert _chat(simulated).status_code == 200
    assert "1 events dropped" in caplog.text


def test_the_callback_is_listed(pushing, gateway):
    def listed(simulated):
        headers = {"Authorization": f"Bearer {simulated.master_key}"}
        return requests.get(f"{simulated.url}/callbacks/list", headers=headers, timeout=5).json()

    assert listed(pushing)["success_and_failure"] == ["generic_api"]
    assert listed(gateway)["success_and_failure"] == []
