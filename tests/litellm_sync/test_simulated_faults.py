"""The simulated gateway goes wrong when it is told to."""

import threading
import time

import pytest
import requests

from litellm_sync.errors import GatewayGarbage, GatewayUnauthorized, GatewayUnavailable


def test_faults_are_ordered_and_lifted_over_http(api, gateway_client):
    added = api.post("/_simulated/faults", {"kind": "status", "status": 503, "path": "/key/*"})
    assert added.json()["kind"] == "status"
    assert [fault["id"] for fault in api.get("/_simulated/faults").json()] == [added.json()["id"]]
    assert api.get("/key/list").status_code == 503
    assert api.get("/model/info").status_code == 200
    assert api.send("DELETE", "/_simulated/faults").json() == []
    assert api.get("/key/list").status_code == 200


@pytest.mark.parametrize("body", [{"kind": "no such thing"}, {"kind": "delay", "colour": "red"}, {}, []])
def test_a_fault_that_there_is_not_is_refused(api, body):
    assert api.post("/_simulated/faults", body).status_code == 422


def test_only_the_administrator_steers(api):
    assert api.get("/_simulated/state", api.make_key()).status_code == 401
    assert api.get("/_simulated/nothing").status_code == 404


def test_a_fault_counts_down(api, gateway):
    gateway.faults.add("status", count=2)
    assert [api.get("/model/info").status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_can_begin_later(api, gateway):
    gateway.faults.add("status", count=1, after=2)
    assert [api.get("/model/info").status_code for _ in range(4)] == [200, 200, 500, 200]


def test_a_fault_can_be_for_one_method(api, gateway):
    gateway.faults.add("status", method="POST")
    assert api.get("/model/info").status_code == 200
    assert api.post("/key/generate", {}).status_code == 500


def test_a_failure_can_say_anything(api, gateway):
    gateway.faults.add("status", status=418, body="I'm a teapot")
    assert (api.get("/model/info").status_code, api.get("/model/info").text) == (418, "I'm a teapot")


def test_a_delay_is_waited_for(api, gateway):
    gateway.faults.add("delay", seconds=0.2)
    began = time.monotonic()
    assert api.get("/model/info").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_a_hanging_request_is_let_go_when_the_fault_is_cleared(gateway, gateway_client):
    gateway.faults.add("hang")
    threading.Timer(0.2, gateway.faults.clear).start()
    with pytest.raises(GatewayUnavailable):
        gateway_client.create_key(deadline=5)
    assert gateway.describe()["keys"] == []


def test_a_dripping_answer_ends_at_the_deadline(gateway, gateway_client):
    gateway.faults.add("trickle", seconds=0.05)
    with pytest.raises(GatewayUnavailable, match="in time"):
        gateway_client.list_deployments(deadline=0.3)


def test_a_reset_does_nothing(gateway, gateway_client):
    gateway.faults.add("reset", count=1)
    with pytest.raises(GatewayUnavailable):
        gateway_client.create_key()
    assert gateway.describe()["keys"] == []


def test_a_lost_reply_has_done_it(gateway, gateway_client):
    gateway.faults.add("lost_reply", count=1)
    with pytest.raises(GatewayUnavailable):
        gateway_client.create_key()
    assert len(gateway.describe()["keys"]) == 1


def test_garbage_is_no_json(gateway, gateway_client):
    gateway.faults.add("garbage")
    with pytest.raises(GatewayGarbage):
        gateway_client.list_deployments()


def test_models_can_go_away(gateway, gateway_client):
    everything = len(gateway_client.list_deployments())
    gateway.faults.add("empty_models", count=1)
    assert gateway_client.list_deployments() == []
    gateway.faults.add("shrunken_models", share=0.5, count=1)
    assert len(gateway_client.list_deployments()) == everything // 2
    assert len(gateway_client.list_deployments()) == everything


def test_the_master_key_can_be_forgotten(gateway, gateway_client):
    gateway.faults.add("refuse_master_key")
    with pytest.raises(GatewayUnauthorized):
        gateway_client.list_keys()


def test_the_clock_can_be_wrong(api, gateway):
    secret = api.make_key(duration="1h")
    assert api.chat("gpt-4o", secret).status_code == 200
    gateway.faults.add("clock_offset", seconds=7200)
    assert api.chat("gpt-4o", secret).json()["error"]["type"] == "expired_key"
    gateway.faults.clear()
    assert api.chat("gpt-4o", secret).status_code == 200


def test_a_reset_forgets_everything(api, gateway):
    api.make_key(key_alias="x")
    gateway.faults.add("status", path="/key/*")
    assert api.post("/_simulated/reset", {}).json() == {}
    state = api.get("/_simulated/state").json()
    assert (state["keys"], state["logs"], state["calls"]) == ([], 0, [])
    assert [user["user_id"] for user in state["users"]] == ["default_user_id"]
    assert api.make_key(key_alias="x")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x",
        b"POST /key/generate HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST /key/generate HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc",
        b"POST /key/generate HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_the_connection(gateway, sent):
    import socket

    with socket.create_connection((gateway.host, gateway.port)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


def test_a_client_that_waits_for_leave_gets_it(gateway):
    import socket

    head = b"POST /key/generate HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n"
    with socket.create_connection((gateway.host, gateway.port)) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_unknown_paths_and_methods_are_told_apart(gateway):
    assert requests.get(f"{gateway.url}/nothing", timeout=5).status_code == 404
    assert requests.put(f"{gateway.url}/key/generate", timeout=5).status_code == 405
    assert requests.post(f"{gateway.url}/model/x/nothing", timeout=5).status_code == 404
