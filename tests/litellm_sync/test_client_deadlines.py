"""How long a call takes at most, and what is tried again."""

import os
import threading
import time

import pytest
import requests

from litellm_sync.client import GatewayClient, caller, forget_gateway
from litellm_sync.client import gateway as shared_gateway
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway
from litellm_sync.simulated import SimulatedGateway

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
# Seconds. What hangs here hangs for far longer than this, and a busy machine comes back from a deadline some time later.
SOON = 8.0


def _drip(connection, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)  # what is tested is that waiting helps nobody


def _took(act) -> float:
    began = time.monotonic()
    with pytest.raises(GatewayUnavailable):
        act()
    return time.monotonic() - began


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(lambda c: c.recv(1), id="says nothing"),
        pytest.param(lambda c: _drip(c, HEAD * 100), id="drips its head"),
        pytest.param(lambda c: (c.sendall(HEAD), _drip(c, b"x" * 1000)), id="drips its body"),
        pytest.param(lambda c: (c.sendall(HEAD + b"half"), c.recv(1)), id="stops half-way"),
    ],
)
def test_a_call_ends_at_its_deadline(raw_server, client_of, talk):
    client = client_of(raw_server(talk).url)
    assert 0.3 <= _took(lambda: client.list_deployments(deadline=0.4)) < SOON
    assert 0.3 <= _took(lambda: client.create_key(deadline=0.4)) < SOON


def test_a_gateway_that_accepts_nobody_is_given_up_on(client_of):
    """The backlog is full: connecting hangs."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        client = client_of(f"http://127.0.0.1:{address[1]}")
        assert _took(lambda: client.list_deployments(deadline=0.5)) < SOON
        for filler in fillers:
            filler.close()


def test_an_answer_before_the_deadline_is_taken(gateway, gateway_client):
    gateway.faults.add("delay", seconds=0.3)
    assert gateway_client.list_deployments(deadline=SOON)


def test_reading_is_tried_again(gateway, gateway_client):
    gateway.faults.add("status", status=503, count=2)
    assert gateway_client.list_deployments()
    assert gateway.calls == ["GET /model/info"] * 3


@pytest.mark.parametrize("fault", ["reset", "lost_reply"])
def test_reading_survives_a_broken_connection(gateway, gateway_client, fault):
    gateway.faults.add(fault, count=1)
    assert gateway_client.list_deployments()


def test_reading_is_given_up_after_three_times(gateway, gateway_client):
    gateway.faults.add("status", status=503)
    with pytest.raises(GatewayUnavailable):
        gateway_client.list_deployments()
    assert len(gateway.calls) == caller.ATTEMPTS


def test_no_retry_goes_past_the_deadline(gateway, gateway_client, monkeypatch):
    monkeypatch.setattr(caller, "_FIRST_PAUSE", 60.0)
    gateway.faults.add("status", status=503)
    assert _took(lambda: gateway_client.list_deployments(deadline=5)) < SOON
    assert len(gateway.calls) == 1


def test_a_refusal_is_not_tried_again(gateway, gateway_client):
    with pytest.raises(GatewayRefused):
        gateway_client.list_keys(1, size=1000)
    assert len(gateway.calls) == 1


@pytest.mark.parametrize("act", ["create_key", "create_user", "update_user"])
def test_writing_is_sent_once(gateway, gateway_client, act):
    gateway.faults.add("status", status=503)
    with pytest.raises(GatewayUnavailable):
        getattr(gateway_client, act)(user_id="u")
    assert len(gateway.calls) == 1


def test_a_lost_reply_has_been_carried_out(gateway, gateway_client):
    """So the caller has to look before trying again."""
    gateway.faults.add("lost_reply", path="/key/generate", count=1)
    with pytest.raises(GatewayUnavailable):
        gateway_client.create_key(key_alias="portal-1")
    assert gateway_client.find_key_by_alias("portal-1")


def test_liveness_never_raises(gateway, gateway_client, client_of):
    assert gateway_client.is_alive()
    gateway.faults.add("hang")
    assert not gateway_client.is_alive(deadline=0.2)
    gateway.faults.clear()
    gateway.faults.add("status")
    assert not gateway_client.is_alive()
    assert not client_of("http://127.0.0.1:9").is_alive()


def test_one_client_serves_many_threads(gateway, gateway_client):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(gateway_client.list_deployments())) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16


def test_a_hanging_call_holds_up_nobody_else(gateway, gateway_client):
    gateway.faults.add("hang", path="/key/info", count=1)
    waiting = threading.Thread(target=lambda: gateway_client.get_key("0" * 64, deadline=60))
    waiting.start()
    while gateway.calls != ["GET /key/info"]:
        time.sleep(0.01)
    assert gateway_client.list_deployments()
    assert waiting.is_alive()
    gateway.faults.clear()
    waiting.join()


def test_connections_are_kept(gateway, gateway_client):
    for _ in range(3):
        gateway_client.list_deployments()
    assert len(gateway._server._connections) == 1


def test_a_gateway_that_was_restarted_is_found_again(gateway_client):
    with SimulatedGateway() as first:
        client, port = GatewayClient(first.url, first.master_key), first.port
        client.list_deployments()
    with SimulatedGateway(port=port):
        assert client.list_deployments()
    client.close()


def test_features_are_remembered(gateway, gateway_client):
    assert gateway_client.version() == "1.109.1"
    assert gateway_client.features().supports("/spend/logs/v2")
    assert gateway.calls == ["GET /openapi.json"]


@pytest.mark.parametrize(
    "document",
    [
        '{"info": {"version": "1.74.15"}, "paths": {"/spend/logs/v2": {}}}',
        '{"info": {"version": "nightly"}, "paths": {"/spend/logs": {}}}',
    ],
)
def test_a_gateway_that_is_too_old_is_named(answering, client_of, document):
    with pytest.raises(UnsupportedGateway):
        client_of(answering(200, document).url).features()


def test_a_gateway_that_hides_its_version_is_judged_by_its_paths(answering, client_of):
    document = '{"info": {}, "paths": {"/spend/logs/v2": {}}}'
    assert client_of(answering(200, document).url).features().version is None


def test_the_shared_gateway_is_the_configured_one(gateway):
    assert shared_gateway() is shared_gateway()
    assert shared_gateway().list_deployments()
    before = shared_gateway()
    forget_gateway()
    assert shared_gateway() is not before


def test_no_login_of_the_users_netrc_is_used(gateway, gateway_client, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(gateway.url) == ("a", "b")
    assert gateway_client.list_deployments()


def test_a_proxy_of_the_machine_is_used_for_gateways_elsewhere(answering, client_of, monkeypatch):
    proxy = answering(200, '{"data": []}')
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert client_of("http://gateway.invalid").list_deployments() == []
    assert proxy.requests[0].startswith(b"GET http://gateway.invalid/model/info HTTP/1.1\r\n")


def test_a_gateway_on_this_machine_needs_no_proxy(gateway, gateway_client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert gateway_client.list_deployments()


def test_a_forked_worker_does_not_share_its_parents_connections(gateway):
    before = shared_gateway()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, b"shared" if shared_gateway() is before else b"own")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"own"
    os.wait()
    assert shared_gateway() is before
