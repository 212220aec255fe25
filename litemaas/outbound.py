"""Calls to addresses that people typed in: never to a network that only we can reach, unless it is allowed.

The name is resolved once, every address it has is checked, and the call goes to the checked address, so a name that
changes its mind in between (DNS rebinding) gains nothing. Redirects are not followed.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import urllib3
from django.conf import settings
from django.utils.translation import gettext_lazy

from litemaas.addresses import networks_of
from litemaas.errors import DomainError, InvalidInput

_Address = IPv4Address | IPv6Address
_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


class AddressNotAllowed(InvalidInput):
    default_message = gettext_lazy(
        "This address is not allowed: it is private, or its name can't be resolved."
    )

    def __init__(self, field: str = "url") -> None:
        super().__init__(fields={field: self.default_message})


class CallFailed(DomainError):
    """The other side could not be reached, or did not answer in time. Nothing of it is told but the kind."""

    code = "EXTERNAL_SERVICE_ERROR"
    default_message = gettext_lazy("The address could not be reached.")


@dataclass(frozen=True, slots=True)
class Target:
    """`address` was checked; `host` is what the certificate must name."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


def resolve(url: str, *, field: str = "url") -> Target:
    """The target of an http or https address. Raises AddressNotAllowed that names `field`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise AddressNotAllowed(field) from None
    if not parts.hostname or parts.username or parts.password:
        raise AddressNotAllowed(field)
    addresses = _addresses(parts.hostname, port)
    if not addresses or not all(is_allowed(address) for address in addresses):
        raise AddressNotAllowed(field)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, str(addresses[0]), path)


def _addresses(host: str, port: int) -> list[_Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def is_allowed(address: _Address) -> bool:
    """Public addresses are, and what the deployment lists. An IPv4 address inside of an IPv6 one counts as itself."""
    if any(address in network for network in networks_of(tuple(settings.OUTBOUND_ALLOWED_NETWORKS))):
        return True
    inner = _inside(address)
    if inner is not None:
        return is_allowed(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inside(address: _Address) -> _Address | None:
    """The IPv4 address that a translated or tunnelled one leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout: float = 10.0) -> int:
    """POST and give the status; the answer's body is not read. Raises AddressNotAllowed and CallFailed."""
    target = resolve(url)
    limits = urllib3.Timeout(connect=min(timeout, 5.0), read=timeout)
    try:
        with _pool(target, limits) as pool:
            answer = pool.urlopen(
                "POST",
                target.path,
                body=body,
                headers={"Host": _host_header(target), "User-Agent": "LiteMaaS", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            answer.close()
            return int(answer.status)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise CallFailed(f"{CallFailed.default_message} ({type(error).__name__})") from None


def _pool(target: Target, limits: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
    if target.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            target.address,
            target.port,
            timeout=limits,
            server_hostname=target.host,
            assert_hostname=target.host,
        )
    return urllib3.HTTPConnectionPool(target.address, target.port, timeout=limits)


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == _PORTS[target.scheme] else f"{host}:{target.port}"
