"""A total deadline for an HTTP exchange.

The time-outs of requests and urllib3 bound each *wait* for bytes. A server that sends one byte every nine
seconds stays under a ten-second read time-out for ever, in the head of the answer as well as in its body. So
the reader that http.client reads everything through asks, before each wait, how much of the call's time is
left.
"""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any, BinaryIO, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Deadline:
    """A moment on the monotonic clock, `seconds` from now, after which nobody waits any more."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def remaining(self) -> float:
        return max(0.0, self.at - time.monotonic())

    def wait_at_most(self, seconds: float) -> float:
        """`seconds`, or what is left when that is less. Raises TimeoutError when nothing is left."""
        left = self.remaining()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return min(seconds, left)


class _Current(threading.local):
    deadline: Deadline | None = None
    read_timeout: float = 10.0


_current = _Current()


@contextmanager
def bounded_by(deadline: Deadline, read_timeout: float) -> Iterator[None]:
    """Exchanges that this thread begins inside the block end at `deadline`."""
    before = (_current.deadline, _current.read_timeout)
    _current.deadline, _current.read_timeout = deadline, read_timeout
    try:
        yield
    finally:
        _current.deadline, _current.read_timeout = before


class _BoundedReader(io.RawIOBase):
    """Raw bytes of one socket, none of them waited for past the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline, read_timeout: float) -> None:
        self._sock = sock
        self._raw = cast(io.RawIOBase, sock.makefile("rb", buffering=0))
        self._deadline = deadline
        self._read_timeout = read_timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._sock.settimeout(self._deadline.wait_at_most(self._read_timeout))
        return cast("int | None", self._raw.readinto(buffer))

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedSocket:
    """What http.client's answer needs of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, deadline: Deadline, read_timeout: float) -> None:
        self._parts = (sock, deadline, read_timeout)

    def makefile(self, _mode: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_BoundedReader(*self._parts), 65536))


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        if _current.deadline is not None:
            bounded = _BoundedSocket(sock, _current.deadline, _current.read_timeout)
            sock = cast(socket.socket, bounded)
        super().__init__(sock, *args, **kwargs)


class _BoundedHTTPConnection(HTTPConnection):
    response_class = _BoundedResponse


class _BoundedHTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse


class BoundedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _BoundedHTTPConnection


class BoundedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPSConnection


POOLS = {"http": BoundedHTTPPool, "https": BoundedHTTPSPool}
