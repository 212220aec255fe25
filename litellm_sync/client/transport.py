"""One HTTP exchange with the gateway: pooled, bounded in time and size, silent about secrets.

On urllib3 itself rather than on requests, whose session costs more processor time than the rest of the exchange and adds
what must not happen here: redirects, cookies, passwords from ~/.netrc.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import certifi
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as NoAnswerInTime

from litellm_sync.client.answers import Answer
from litellm_sync.client.deadline import POOLS, Deadline, bounded_by
from litellm_sync.client.proxies import proxy_for
from litellm_sync.errors import GatewayGarbage, GatewayUnavailable
from litemaas import turns
from litemaas.redaction import MASK, redact_text

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 10.0
# A thousand spend logs of 1.109 are about 12 MB, three hundred deployments about 3 MB.
LARGEST_ANSWER = 64 * 1024 * 1024
_CHUNK = 64 * 1024

logger = logging.getLogger("litellm_sync.client")


class Transport:
    """Sends requests to one gateway. Safe to share between threads, not between processes."""

    def __init__(self, base_url: str, api_key: str, *, pool_size: int = 20) -> None:
        self.base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._pool = _pool(self.base_url, pool_size)
        self._headers = {"Accept": "application/json", "Authorization": f"Bearer {api_key}"}
        self._headers_with_body = {**self._headers, "Content-Type": "application/json"}

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
            with turns.given_back():
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
        self._pool.clear()

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
            with bounded_by(deadline, READ_TIMEOUT):
                return self._read(self._open(method, path, deadline, query, body))
        except (NoAnswerInTime, TimeoutError):
            raise GatewayUnavailable("no answer in time") from None
        except (HTTPError, OSError) as error:
            raise GatewayUnavailable(self._reason(error, deadline)) from None

    def _open(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
    ) -> BaseHTTPResponse:
        asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        return self._pool.urlopen(
            method,
            f"{self.base_url}{quote(path, safe='/')}{'?' if asked else ''}{asked}",
            body=None if body is None else json.dumps(body, default=_plain).encode(),
            headers=self._headers if body is None else self._headers_with_body,
            timeout=Timeout(deadline.wait_at_most(CONNECT_TIMEOUT), deadline.wait_at_most(READ_TIMEOUT)),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _read(self, response: BaseHTTPResponse) -> Answer:
        """The whole body. A connection whose answer was not read to its end serves nobody else."""
        is_read = False
        try:
            answer = Answer(response.status, _body(response))
            is_read = True
            return answer
        finally:
            if is_read:
                response.release_conn()
            else:
                response.close()

    def _reason(self, error: Exception, deadline: Deadline) -> str:
        if deadline.remaining() <= 0:
            return "no answer in time"
        return self.hide(f"{type(error).__name__}: {error}")[:300]


def certificates() -> str:
    """The file, or folder, of whom to believe: REQUESTS_CA_BUNDLE or SSL_CERT_FILE name another than the usual one."""
    named = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    return next(filter(None, named), None) or certifi.where()


def _pool(base_url: str, size: int) -> PoolManager:
    """Connections to the gateway, through the machine's proxy if there is one."""
    shape: dict[str, Any] = {"num_pools": 2, "maxsize": size}
    if base_url.startswith("https:"):
        place = certificates()
        shape["ca_cert_dir" if os.path.isdir(place) else "ca_certs"] = place
    proxy = proxy_for(base_url)
    pool = (
        ProxyManager(proxy.address, proxy_headers=proxy.headers, **shape) if proxy else PoolManager(**shape)
    )
    pool.pool_classes_by_scheme = POOLS
    return pool


def _body(response: BaseHTTPResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.stream(_CHUNK):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise GatewayGarbage("the answer is larger than 64 MiB", status=response.status)
        parts.append(part)
    return b"".join(parts)


def _plain(value: object) -> float | str:
    """LiteLLM keeps numbers as floats, so sending the nearest float loses nothing that it would have kept."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to the gateway")
