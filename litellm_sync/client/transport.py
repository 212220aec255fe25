"""One HTTP exchange with the gateway: pooled, bounded in time and size, silent about secrets."""

import ipaddress
import json
import logging
import time
from collections.abc import Mapping
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from litellm_sync.client.answers import Answer
from litellm_sync.client.deadline import POOLS, Deadline, bounded_by
from litellm_sync.errors import GatewayGarbage, GatewayUnavailable
from litemaas.redaction import MASK, redact_text

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 10.0
# A thousand spend logs of 1.109 are about 12 MB, three hundred deployments about 3 MB.
LARGEST_ANSWER = 64 * 1024 * 1024
_CHUNK = 64 * 1024

logger = logging.getLogger("litellm_sync.client")


class _Bearer(AuthBase):
    """Puts our key on a request. Being an auth object it also keeps requests from reading ~/.netrc."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


class Transport:
    """Sends requests to one gateway. Safe to share between threads, not between processes."""

    def __init__(self, base_url: str, api_key: str, *, pool_size: int = 20) -> None:
        self.base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._session = _session(self.base_url, pool_size)

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    def send(
        self,
        method: str,
        path: str,
        *,
        deadline: Deadline,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The gateway's answer, whatever its status. Raises GatewayUnavailable when there is none in time."""
        began = time.monotonic()
        try:
            answer = self._exchange(method, path, deadline, query, body)
        except GatewayUnavailable as error:
            logger.warning("gateway %s %s: %s", method, path, error.detail)
            raise
        logger.debug(
            "gateway %s %s: %d in %.0f ms", method, path, answer.status, 1000 * (time.monotonic() - began)
        )
        return answer

    def hide(self, text: str) -> str:
        """`text` without anything that looks like a secret, and without our own key, however it looks."""
        return redact_text(text.replace(self._api_key, MASK) if self._api_key else text)

    def close(self) -> None:
        self._session.close()

    def _exchange(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        # `from None` throughout: the library's errors carry the request, and with it our key and the body.
        try:
            with (
                bounded_by(deadline, READ_TIMEOUT),
                self._open(method, path, deadline, query, body) as response,
            ):
                return Answer(response.status_code, _read(response))
        except (requests.Timeout, TimeoutError):
            raise GatewayUnavailable("no answer in time") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise GatewayUnavailable(self._reason(error, deadline)) from None

    def _open(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> requests.Response:
        return self._session.request(
            method,
            self.base_url + quote(path, safe="/"),
            params={name: value for name, value in (query or {}).items() if value is not None},
            data=None if body is None else json.dumps(body, default=_plain).encode(),
            headers={"Content-Type": "application/json"} if body is not None else None,
            auth=_Bearer(self._api_key),
            timeout=(deadline.wait_at_most(CONNECT_TIMEOUT), deadline.wait_at_most(READ_TIMEOUT)),
            allow_redirects=False,
            stream=True,
        )

    def _reason(self, error: Exception, deadline: Deadline) -> str:
        if deadline.remaining() <= 0:
            return "no answer in time"
        return self.hide(f"{type(error).__name__}: {error}")[:300]


def _session(base_url: str, pool_size: int) -> requests.Session:
    session = requests.Session()
    adapter = _BoundedAdapter(pool_connections=2, pool_maxsize=pool_size, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["Accept"] = "application/json"
    # A machine-wide proxy is honoured, except for a gateway on this very machine, which it could not reach.
    session.trust_env = not _is_loopback(base_url)
    return session


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: requests.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise GatewayGarbage("the answer is larger than 64 MiB", status=response.status_code)
        parts.append(part)
    return b"".join(parts)


def _plain(value: object) -> float | str:
    """LiteLLM keeps numbers as floats, so sending the nearest float loses nothing that it would have kept."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to the gateway")
