"""The HTTP server: a thread per connection, HTTP/1.1 with keep-alive, nothing parsed that nobody needs.

http.server's request parsing goes through the e-mail package and takes several times as long as our answers
do.
"""

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from io import BufferedReader
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from litellm_sync.simulated import control
from litellm_sync.simulated.faults import Fault, Faults
from litellm_sync.simulated.http import Reply, Request
from litellm_sync.simulated.routing import answer
from litellm_sync.simulated.state import State

_LONGEST_LINE = 65_536
_LARGEST_BODY = 32 * 1024 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_JSON = "application/json"
_FOR_EVER = 86_400.0


class _HangUp(Exception):
    """Close this connection, without another word."""


class Server:
    """Listens from the moment it is made; serves from `start`."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        host: str,
        port: int,
        *,
        chunk_delay: float,
        service_time: float = 0.0,
        at_once: int | None = None,
    ) -> None:
        self._service_time = service_time
        self._room: contextlib.AbstractContextManager[object] = (
            contextlib.nullcontext() if at_once is None else threading.BoundedSemaphore(at_once)
        )
        self._state = state
        self._faults = faults
        self._chunk_delay = chunk_delay
        self._stopping = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, port), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="simulated-gateway", daemon=True)

    def start(self) -> None:
        self._acceptor.start()

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        self._stopping.set()
        self._faults.clear()
        # Closing alone would not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            threads = list(self._connections.values())
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    @property
    def connections(self) -> int:
        """How many callers are connected."""
        with self._lock:
            return len(self._connections)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection, address[0]), daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket, ip: str) -> None:
        try:
            with contextlib.suppress(OSError, _HangUp), connection.makefile("rb") as reader:
                while not self._stopping.is_set() and self._serve_one(connection, reader, ip):
                    pass
        finally:
            with self._lock:
                self._connections.pop(connection, None)
            connection.close()

    def _serve_one(self, connection: socket.socket, reader: BufferedReader, ip: str) -> bool:
        """Answer one request; whether the connection stays open."""
        request = _read(connection, reader, ip)
        if request is None:
            return False
        if request.path.startswith(control.PREFIX):
            self._send(connection, control.steer(self._state, self._faults, request))
            return True
        self._state.calls.append(f"{request.method} {request.path}")
        if self._service_time:
            with self._room:
                self._stopping.wait(self._service_time)
        faults = self._faults.hit(request.method, request.path)
        reply = self._troubled(connection, request, faults) if faults else answer(self._state, request)
        self._send(connection, reply, {fault.kind: fault for fault in faults})
        return request.headers.get("connection", "").lower() != "close"

    def _troubled(self, connection: socket.socket, request: Request, faults: list[Fault]) -> Reply:
        """The answer of a gateway with these faults. Raises _HangUp where there is none."""
        kinds = {fault.kind: fault for fault in faults}
        if "delay" in kinds:
            kinds["delay"].over.wait(kinds["delay"].seconds or 0.0)
        if "hang" in kinds:
            _pause(connection, kinds["hang"].over, kinds["hang"].seconds or _FOR_EVER)
            raise _HangUp
        if "reset" in kinds:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _HangUp
        if "status" in kinds:
            return _error(kinds["status"])
        request.refuses_master_key = "refuse_master_key" in kinds
        if "shrunken_models" in kinds:
            request.model_share = kinds["shrunken_models"].share
        if "empty_models" in kinds:
            request.model_share = 0.0
        request.log_faults = kinds
        reply = answer(self._state, request)
        if "lost_reply" in kinds:
            raise _HangUp
        if "garbage" in kinds:
            return Reply(200, (kinds["garbage"].body or "<html>Bad gateway</html>").encode())
        return reply

    def _send(
        self, connection: socket.socket, reply: Reply, faults: Mapping[str, Fault] = MappingProxyType({})
    ) -> None:
        if reply.chunks is not None:
            self._send_stream(connection, reply, reply.chunks, faults)
            return
        trickle = faults.get("trickle")
        body = reply.encoded()
        data = _head(reply, f"content-length: {len(body)}\r\ncontent-type: {_JSON}\r\n") + body
        if trickle is None:
            connection.sendall(data)
            return
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            trickle.over.wait(trickle.seconds or 1.0)

    def _send_stream(
        self, connection: socket.socket, reply: Reply, chunks: Iterator[bytes], faults: Mapping[str, Fault]
    ) -> None:
        pace, cut = faults.get("pace"), faults.get("cut")
        fields = "transfer-encoding: chunked\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        # Closed in any case: the call behind the chunks is booked when they end, however they end.
        with contextlib.closing(chunks):  # type: ignore[type-var]
            connection.sendall(_head(reply, fields))
            for number, chunk in enumerate(chunks):
                if cut is not None and number == cut.chunks:
                    raise _HangUp
                connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                if pace is not None:
                    _pause(connection, pace.over, pace.seconds or 1.0)
                elif self._chunk_delay:
                    _pause(connection, self._stopping, self._chunk_delay)
        connection.sendall(b"0\r\n\r\n")


def _pause(connection: socket.socket, over: threading.Event, seconds: float) -> None:
    """As a model that thinks. Raises _HangUp when the caller goes away meanwhile."""
    until = time.monotonic() + seconds
    while not over.is_set() and (left := until - time.monotonic()) > 0:
        readable, _, _ = select.select([connection], [], [], min(left, 0.1))
        if readable:
            if not connection.recv(1, socket.MSG_PEEK):
                raise _HangUp
            over.wait(left)  # the next request is waiting already
            return


def _read(connection: socket.socket, reader: BufferedReader, ip: str) -> Request | None:
    """The next request, None when the client has closed. Raises _HangUp for what is no request."""
    line = reader.readline(_LONGEST_LINE)
    parts = line.split()
    if not line:
        return None
    if len(parts) != 3:
        raise _HangUp
    headers = _read_headers(reader)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    url = urlsplit(parts[1].decode("latin-1"))
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    body = _read_body(reader, headers)
    return Request(parts[0].decode("latin-1"), unquote(url.path), query, headers, body, ip)


def _read_headers(reader: BufferedReader) -> dict[str, str]:
    headers = {}
    while (line := reader.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n"):
        if not line:
            raise _HangUp
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _read_body(reader: BufferedReader, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _LARGEST_BODY or "transfer-encoding" in headers:
        raise _HangUp
    body = reader.read(int(length)) if length != "0" else b""
    if len(body) != int(length):
        raise _HangUp
    return body


def _head(reply: Reply, fields: str) -> bytes:
    own = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, '')}\r\n{fields}{own}\r\n".encode("latin-1")


def _error(fault: Fault) -> Reply:
    if fault.body is not None:
        return Reply(fault.status, fault.body.encode())
    error = {
        "message": "simulated failure",
        "type": "internal_server_error",
        "param": None,
        "code": str(fault.status),
    }
    return Reply(fault.status, {"error": error})
