"""Answers of the gateway as they come, in whatever pieces."""

import socket
from threading import Thread

import pytest

from litellm_sync.client.http_answer import HttpAnswer
from litellm_sync.client.model_call import open_model_call
from litellm_sync.errors import GatewayGarbage, GatewayTimedOut, GatewayUnavailable

CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n"
)
MEASURED = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 11\r\nX-A:  b \r\n\r\nhello world"
UNTIL_CLOSED = b"HTTP/1.0 200 OK\r\n\r\nhello world"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("raw", "status"), [(CHUNKED, 200), (MEASURED, 403), (UNTIL_CLOSED, 200)])
def test_the_body_is_read_from_pieces_of_any_size(raw, status, size):
    answer = HttpAnswer()
    parts = [answer.feed(raw[at : at + size]) for at in range(0, len(raw), size)]
    answer.end()
    assert b"".join(parts) == b"hello world"
    assert (answer.status, answer.is_complete) == (status, True)


def test_chunks_are_handed_on_as_they_come():
    answer = HttpAnswer()
    answer.feed(CHUNKED.partition(b"5;")[0])
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.feed(b"5\r\nhel") == b"hel"
    assert answer.feed(b"lo") == b"lo"
    assert answer.feed(b"\r\n") == b""
    assert not answer.is_complete


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"x" * 20_000,
    ],
)
def test_what_is_no_http_is_refused(raw):
    with pytest.raises(GatewayGarbage):
        HttpAnswer().feed(raw)


@pytest.mark.parametrize("cut", [10, len(MEASURED) - 3])
def test_an_answer_that_ends_early_is_none(cut):
    answer = HttpAnswer()
    answer.feed(MEASURED[:cut])
    with pytest.raises(GatewayGarbage):
        answer.end()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def call(listener, **parts):
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return open_model_call(address, "/v1/chat/completions", "sk-secret", {"a": 1}, **{"patience": 5, **parts})


def test_the_call_carries_the_key_and_the_body(listener):
    with call(listener):
        connection, _ = listener.accept()
        with connection:
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer sk-secret\r\n" in head
    assert body == b'{"a":1}'


def test_closing_hangs_up(listener):
    opened = call(listener)
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        opened.close()
        assert connection.recv(1) == b""


def listen_to_the_end(opened):
    while (part := opened.next_part(0.01)) is not None:
        assert part == b""


def test_silence_is_told_and_ends_after_a_while(listener):
    with call(listener, patience=0.05) as opened:
        assert not opened.wait_for_head(0.01)
        with pytest.raises(GatewayTimedOut):
            listen_to_the_end(opened)


def test_what_came_with_the_head_is_not_lost(listener):
    with call(listener) as opened:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(MEASURED)
            assert opened.wait_for_head(5)
            assert opened.status == 403
            assert opened.next_part(5) == b"hello world"
            assert opened.next_part(5) is None


def test_a_broken_connection_is_unavailability(listener):
    with call(listener) as opened:
        connection, _ = listener.accept()
        connection.close()
        with pytest.raises(GatewayUnavailable):
            opened.wait_for_head(5)


def test_nobody_listening_is_unavailability_without_the_secret(listener):
    listener.close()
    with pytest.raises(GatewayUnavailable) as caught:
        open_model_call("http://127.0.0.1:9", "/x", "sk-secret", {}, patience=1)
    assert "sk-secret" not in str(caught.value)


@pytest.fixture
def proxied(listener, monkeypatch):
    """The listener is the machine's proxy."""
    address = f"http://ada:pass%20word@127.0.0.1:{listener.getsockname()[1]}"
    for name in ("NO_PROXY", "no_proxy", "http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", address)
    monkeypatch.setenv("HTTPS_PROXY", address)
    return listener


LOGIN = b"proxy-authorization: Basic YWRhOnBhc3Mgd29yZA=="


def test_a_gateway_elsewhere_is_reached_through_the_proxy(proxied):
    with open_model_call("http://gateway.invalid/base", "/v1/x", "sk-secret", {}, patience=5):
        connection, _ = proxied.accept()
        with connection:
            head = connection.recv(65536)
    assert head.startswith(b"POST http://gateway.invalid/base/v1/x HTTP/1.1\r\n")
    assert LOGIN in head
    assert b"Host: gateway.invalid\r\n" in head


def test_one_with_tls_is_reached_by_a_tunnel_that_learns_no_secret(proxied):
    heard = []

    def carry():
        connection, _ = proxied.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            heard.append(connection.recv(65536))

    proxy = Thread(target=carry)
    proxy.start()
    with pytest.raises(GatewayUnavailable):
        open_model_call("https://gateway.invalid", "/v1/x", "sk-secret", {}, patience=5)
    proxy.join()
    assert heard[0].startswith(b"CONNECT gateway.invalid:443 HTTP/1.")
    assert LOGIN.lower() in heard[0].lower()
    # What follows is the greeting of TLS.
    assert heard[1].startswith(b"\x16\x03")
    assert b"sk-secret" not in b"".join(heard)


def test_a_proxy_that_refuses_is_unavailability(proxied):
    def refuse():
        connection, _ = proxied.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    proxy = Thread(target=refuse)
    proxy.start()
    with pytest.raises(GatewayUnavailable):
        open_model_call("https://gateway.invalid", "/v1/x", "sk-secret", {}, patience=5)
    proxy.join()
