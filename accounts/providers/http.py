"""Calls to identity providers: each one ends in time, follows no redirects and reads no endless answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from accounts.providers.errors import NotBelieved, ProviderAway
from litellm_sync.client.deadline import POOLS, Deadline, bounded_by

# All calls of one sign-in together, in seconds: a person waits.
TOTAL_SECONDS = 10.0
_TIMEOUTS = (3.05, 5.0)
_MOST_BYTES = 1024 * 1024


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS


class ProviderSession(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.mount("https://", _BoundedAdapter())
        self.mount("http://", _BoundedAdapter())

    def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Raises ProviderAway for no answer in time and for 5xx, NotBelieved for a redirect."""
        kwargs |= {"timeout": _TIMEOUTS, "allow_redirects": False, "stream": True}
        try:
            response = super().request(method, url, **kwargs)
            # Read here, so that `.json()` later finds what it needs and no more than that was loaded.
            content = response.raw.read(_MOST_BYTES + 1, decode_content=True)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise ProviderAway from error
        if len(content) > _MOST_BYTES:
            raise NotBelieved("The provider's answer is too large.")
        response._content = content
        response._content_consumed = True  # type: ignore[attr-defined]
        response.close()
        if response.status_code >= 500 or response.status_code == 429:
            raise ProviderAway
        if response.is_redirect:
            raise NotBelieved("The provider answered with a redirect.")
        return response


@contextmanager
def in_time() -> Iterator[None]:
    """All calls inside end after TOTAL_SECONDS together."""
    with bounded_by(Deadline(TOTAL_SECONDS), _TIMEOUTS[1]):
        yield


def get_json(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The object at `url`. Raises ProviderAway, NotBelieved."""
    with ProviderSession() as session:
        response = session.get(url, headers={"Accept": "application/json", **(headers or {})})
    if response.status_code != 200:
        raise NotBelieved(f"The provider answered {response.status_code}.")
    try:
        found = response.json()
    except ValueError:
        raise NotBelieved("The provider's answer is no JSON.") from None
    if not isinstance(found, dict):
        raise NotBelieved("The provider's answer is no object.")
    return found
