"""A connection for one call of a model: straight to the gateway, or through the machine's proxy."""

import socket
import ssl
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from os.path import isdir
from urllib.parse import SplitResult, urlsplit

from litellm_sync.client.proxies import Proxy, proxy_for
from litellm_sync.client.transport import CONNECT_TIMEOUT, certificates


@dataclass(frozen=True, slots=True)
class Line:
    """`target` goes before the path in the request, `headers` with it: what a proxy for plain HTTP has to be told."""

    connection: socket.socket
    target: str = ""
    headers: str = ""


def connect(base_url: str) -> Line:
    """Raises OSError. A proxy that itself speaks TLS is taken for gateways without TLS only."""
    url = urlsplit(base_url)
    proxy = proxy_for(base_url)
    if proxy is None:
        return Line(_with_tls(_opened(url.hostname or "", _port(url)), url))
    if url.scheme == "https":
        return Line(_with_tls(_tunnel(proxy, url), url))
    place = urlsplit(proxy.address)
    told = "".join(f"{name}: {value}\r\n" for name, value in proxy.headers.items())
    connection = _with_tls(_opened(place.hostname or "", _port(place)), place)
    return Line(connection, f"http://{url.netloc.rpartition('@')[2]}", told)


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _opened(host: str, port: int) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _tunnel(proxy: Proxy, url: SplitResult) -> socket.socket:
    place = urlsplit(proxy.address)
    if place.scheme == "https":
        raise OSError("a proxy with TLS can't carry TLS here")
    through = HTTPConnection(place.hostname or "", _port(place), timeout=CONNECT_TIMEOUT)
    through.set_tunnel(url.hostname or "", _port(url), headers=proxy.headers)
    try:
        through.connect()
    except HTTPException as error:
        through.close()
        raise OSError(type(error).__name__) from None
    connection: socket.socket = through.sock
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _with_tls(connection: socket.socket, url: SplitResult) -> socket.socket:
    if url.scheme != "https":
        return connection
    try:
        return _trusting().wrap_socket(connection, server_hostname=url.hostname)
    except OSError:
        connection.close()
        raise


@lru_cache(maxsize=1)
def _trusting() -> ssl.SSLContext:
    """Who is believed is the same as in the client of the administration API."""
    place = certificates()
    if isdir(place):
        return ssl.create_default_context(capath=place)
    return ssl.create_default_context(cafile=place)
