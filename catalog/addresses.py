"""Calling an address that somebody typed in, without reaching into our own networks.

The name is looked up once, every address it has is judged, and the connection goes to the address that was judged: a
second look-up could give another one (DNS rebinding). Redirects are not followed, proxies are not used.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from litemaas.outbound import is_allowed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS = {"http": 80, "https": 443}
_MOST_BYTES = 1024 * 1024
_LOOK_UPS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="look-up")


class NotAllowed(Exception):
    """The address is in a network that is none of the caller's business."""


class NotReachable(Exception):
    """No connection, no such name, or no HTTP."""


class TooSlow(Exception):
    """Not done within the time that it had."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


def fetch(url: str, *, headers: dict[str, str], seconds: float) -> Reply:
    """GET an http(s) address, at most a MiB of it, within `seconds` in all. Raises the errors above."""
    parts, until = urlsplit(url), time.monotonic() + seconds
    port = parts.port or _PORTS[parts.scheme]
    address = _judged(parts.hostname or "", port, until)
    connection = _connection(parts, port, address, until)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", target or "/", headers={"Accept": "application/json", **headers})
        _hurry(connection, until)
        answer = connection.getresponse()
        return Reply(answer.status, _read(answer, connection, until))
    except TimeoutError:
        raise TooSlow from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotReachable from None
    finally:
        connection.close()


def _judged(host: str, port: int, until: float) -> Address:
    """The address to call. One bad address is enough to refuse: nobody needs a name that is both."""
    try:
        found = _LOOK_UPS.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(
            max(0.0, until - time.monotonic())
        )
    except TookTooLong:
        raise TooSlow from None
    except (OSError, UnicodeError):
        raise NotReachable from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    if not addresses:
        raise NotReachable
    if not all(is_allowed(address) for address in addresses):
        raise NotAllowed
    return addresses[0]


def _connection(parts: SplitResult, port: int, address: Address, until: float) -> http.client.HTTPConnection:
    """Connected to `address`, speaking of the host's name: in `Host`, and in TLS, whose certificate must be its."""
    host = parts.hostname or ""
    made = http.client.HTTPConnection(f"[{host}]" if ":" in host else host, port)
    left = until - time.monotonic()
    if left <= 0:
        raise TooSlow
    plain = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    made.sock = plain
    try:
        plain.settimeout(left)
        # Not `create_connection`, which would look the name up again.
        plain.connect((str(address), port))
        if parts.scheme == "https":
            made.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except TimeoutError:
        made.close()
        raise TooSlow from None
    except OSError:
        made.close()
        raise NotReachable from None
    return made


def _hurry(connection: http.client.HTTPConnection, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _read(answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, until: float) -> bytes:
    """Piece by piece, so that an answer that trickles in can't outlast its time."""
    body = b""
    while len(body) < _MOST_BYTES and (piece := answer.read1(65_536)):
        body += piece
        _hurry(connection, until)
    return body[:_MOST_BYTES]
