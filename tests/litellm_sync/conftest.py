"""Gateways that misbehave in ways that need a socket of our own."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import requests

from litellm_sync.client import GatewayClient

Conversation = Callable[[socket.socket], None]


class RawServer:
    """Hands every connection to `conversation`, after a request has come."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            self.requests.append(_request(connection))
            try:
                self._conversation(connection)
            except OSError:
                return


def _request(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as reader:
        lines = []
        while (line := reader.readline()) not in (b"", b"\r\n"):
            lines.append(line)
        sizes = [int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")]
        return b"".join(lines) + b"\r\n" + reader.read(sizes[0] if sizes else 0)


@pytest.fixture
def raw_server() -> Iterator[Callable[[Conversation], RawServer]]:
    servers: list[RawServer] = []

    def start(conversation: Conversation) -> RawServer:
        servers.append(RawServer(conversation))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client_of() -> Iterator[Callable[..., GatewayClient]]:
    clients: list[GatewayClient] = []

    def make(url: str, key: str = "sk-our-own-secret", **parts) -> GatewayClient:
        clients.append(GatewayClient(url, key, **parts))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def answering(raw_server) -> Callable[..., RawServer]:
    """A server that gives the same answer to everything."""

    def start(status: int, body: str | bytes, **headers: str) -> RawServer:
        data = body.encode() if isinstance(body, str) else body
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} Said\r\ncontent-length: {len(data)}\r\nconnection: close\r\n{fields}\r\n"
        return raw_server(lambda connection: connection.sendall(head.encode() + data))

    return start


@pytest.fixture
def api(gateway) -> Iterator["Api"]:
    with requests.Session() as session:
        yield Api(gateway.url, session, gateway.master_key)


class Api:
    """Plain HTTP to the simulated gateway, as the administrator unless told otherwise."""

    def __init__(self, url: str, session: requests.Session, key: str) -> None:
        self._url = url
        self._session = session
        self._key = key

    def send(self, method: str, path: str, body: object = None, key: str | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {key or self._key}"}
        return self._session.request(method, self._url + path, json=body, headers=headers, timeout=10)

    def get(self, path: str, key: str | None = None) -> requests.Response:
        return self.send("GET", path, None, key)

    def post(self, path: str, body: object, key: str | None = None) -> requests.Response:
        return self.send("POST", path, body, key)

    def make_key(self, **body) -> str:
        """A new key's secret."""
        answer = self.post("/key/generate", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["key"]

    def chat(self, model: str, key: str | None = None, **parts) -> requests.Response:
        messages = [{"role": "user", "content": "hello there"}]
        return self.post("/v1/chat/completions", {"model": model, "messages": messages, **parts}, key)
