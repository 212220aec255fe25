"""A real HTTP server that lists exactly the deployments that a test wants, odd ones included."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from litellm_sync.client import GatewayClient


class Listing:
    """`rows` is what `/model/info` says next; `status` and `body` override it."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.status = 200
        self.body: bytes | None = None
        self.reached = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def set(self, *names: str) -> None:
        self.rows = [deployment(name) for name in names]


def deployment(
    name: str, *, id: str | None = None, params: dict[str, Any] | None = None, **info: Any
) -> dict[str, Any]:
    return {
        "model_name": name,
        "litellm_params": {"model": f"openai/{name}", **(params or {})},
        "model_info": {"id": id or f"id-of-{name}", "mode": "chat", **info},
    }


@pytest.fixture
def listing() -> Iterator[Listing]:
    said = Listing()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.reached.set()
            said.may_answer.wait(5)
            body = said.body if said.body is not None else json.dumps({"data": said.rows}).encode()
            self.send_response(said.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """A test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    said.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(listing) -> Iterator[GatewayClient]:
    made = GatewayClient(listing.url, "sk-only-for-tests")
    yield made
    made.close()
