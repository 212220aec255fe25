"""The caller's address: what a proxy forwards is believed only when the proxy is one of ours (TRUSTED_PROXIES)."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

_Network = IPv4Network | IPv6Network


def address_of(meta: dict[str, Any]) -> str | None:
    """The nearest address that is no trusted proxy, read from the right: what stands further left is anybody's claim."""
    peer = _plain(str(meta.get("REMOTE_ADDR") or ""))
    trusted = networks_of(tuple(settings.TRUSTED_PROXIES))
    if not trusted or peer is None or not _is_in(peer, trusted):
        return peer
    nearest = peer
    for part in reversed(str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        hop = _plain(part.strip())
        if hop is None:
            break
        nearest = hop
        if not _is_in(hop, trusted):
            break
    return nearest


def of_request(request: HttpRequest) -> str:
    """For django-ratelimit. Behind a socket without an address all callers are one."""
    return address_of(request.META) or "0.0.0.0"  # noqa: S104  nothing is bound to it


def check(networks: list[str], name: str = "TRUSTED_PROXIES") -> list[str]:
    """The setting, or a refusal that names what is wrong."""
    try:
        networks_of(tuple(networks))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be addresses or networks (CIDR): {error}.") from None
    return networks


@lru_cache(maxsize=4)
def networks_of(texts: tuple[str, ...]) -> tuple[_Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str | None:
    """Without brackets, port and zone; an IPv4 address that comes in IPv6 clothes is one. None for anything else."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[_Network, ...]) -> bool:
    found = ip_address(address)
    return any(found in network for network in networks)
