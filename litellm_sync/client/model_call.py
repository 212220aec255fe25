"""One call of a model with a person's own key: sent at once, answered bit by bit, ended at any moment.

The client of the administration API waits for whole answers and knows our own key. This one hands on what comes as
it comes, and closing it closes the connection, which is how LiteLLM learns that nobody listens any more.
"""

import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from litellm_sync.client.connecting import connect
from litellm_sync.client.http_answer import HttpAnswer
from litellm_sync.client.transport import CONNECT_TIMEOUT
from litellm_sync.errors import GatewayTimedOut, GatewayUnavailable

_MOST_AT_ONCE = 64 * 1024


class ModelCall:
    """Opened by `open_model_call`. `status` and `headers` are there once `next_part` has seen the head."""

    def __init__(self, connection: socket.socket, *, patience: float) -> None:
        self._connection = connection
        self._answer = HttpAnswer()
        self._patience = patience
        self._heard_at = time.monotonic()
        self._unread = b""

    @property
    def status(self) -> int | None:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    def wait_for_head(self, seconds: float) -> bool:
        """Whether the answer has begun within that time. Raises GatewayUnavailable."""
        until = time.monotonic() + seconds
        while self.status is None and (left := until - time.monotonic()) > 0:
            self._unread += self._receive(left)
        return self.status is not None

    def next_part(self, within: float) -> bytes | None:
        """More of the body, b"" where nothing came in `within` seconds, None at its end.

        Raises GatewayUnavailable when the connection breaks, GatewayTimedOut after `patience` seconds of silence.
        """
        if self._unread:
            found, self._unread = self._unread, b""
            return found
        if self._answer.is_complete:
            return None
        found = self._receive(within)
        return None if not found and self._answer.is_complete else found

    def _receive(self, within: float) -> bytes:
        try:
            self._connection.settimeout(within)
            data = self._connection.recv(_MOST_AT_ONCE)
        except TimeoutError:
            if time.monotonic() - self._heard_at > self._patience:
                raise GatewayTimedOut("no answer in time") from None
            return b""
        except OSError as error:
            raise GatewayUnavailable(type(error).__name__) from None
        self._heard_at = time.monotonic()
        if not data:
            self._answer.end()
        return self._answer.feed(data)

    def close(self) -> None:
        """Hang up. Whatever is still to come is not wanted."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_model_call(
    base_url: str, path: str, secret: str, body: Mapping[str, Any], *, patience: float
) -> ModelCall:
    """Send the call. `patience`: seconds of silence that are borne. Raises GatewayUnavailable."""
    url = urlsplit(base_url)
    content = orjson.dumps(body)
    host = url.netloc.rpartition("@")[2]
    head = (
        f"Host: {host}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        "Accept: text/event-stream, application/json\r\nAccept-Encoding: identity\r\n"
        "User-Agent: LiteMaaS\r\nConnection: close\r\n\r\n"
    )
    try:
        line = connect(base_url)
        connection = line.connection
        first = f"POST {line.target}{url.path.rstrip('/')}{path} HTTP/1.1\r\n{line.headers}"
        try:
            connection.settimeout(CONNECT_TIMEOUT + 8)
            connection.sendall(f"{first}{head}".encode("latin-1") + content)
        except OSError:
            connection.close()
            raise
    except OSError as error:
        # Not the error's text, which may name what was sent.
        raise GatewayUnavailable(type(error).__name__) from None
    return ModelCall(connection, patience=patience)
