"""The proxy of this machine, where its settings (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) name one for the gateway."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy
from urllib3.util import make_headers


@dataclass(frozen=True, slots=True)
class Proxy:
    """`address` without the login, which `headers` hold."""

    address: str
    headers: dict[str, str]


def proxy_for(base_url: str) -> Proxy | None:
    """None as well for a gateway on this machine, which a proxy could not reach."""
    if _is_loopback(base_url):
        return None
    named = select_proxy(base_url, get_environ_proxies(base_url, no_proxy=None))
    if not named:
        return None
    url = urlsplit(named if "://" in named else f"http://{named}")
    login = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else None
    address = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()
    return Proxy(address, make_headers(proxy_basic_auth=login))


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
