"""How a call is made: breaker, deadline, retries. The calls themselves are in the neighbours."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from litellm_sync.breaker import GatewayBreaker
from litellm_sync.client.answers import Answer, check
from litellm_sync.client.deadline import Deadline
from litellm_sync.client.pages import Json, record
from litellm_sync.client.transport import Transport
from litellm_sync.errors import GatewayResting, GatewayUnauthorized, GatewayUnavailable
from litellm_sync.failed_calls import failed_call

DEFAULT_DEADLINE = 10.0
ATTEMPTS = 3
_FIRST_PAUSE = 0.1


class Caller:
    """A gateway to call.

    Every call takes `deadline`, the seconds for all of it with its retries (default 10).
    """

    def __init__(self, base_url: str, api_key: str, *, breaker: GatewayBreaker | None = None) -> None:
        self.breaker = breaker or GatewayBreaker()
        self._shared_deadline: Deadline | None = None
        self._transport = Transport(base_url, api_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport.base_url!r})"

    def close(self) -> None:
        self._transport.close()

    def _get(self, path: str, *, deadline: float | None, **query: Any) -> Any:
        """Reading changes nothing, so it is tried again while there is time."""
        return self._guarded("GET", path, deadline, query=query, attempts=ATTEMPTS)

    def _get_rows(self, path: str, *, deadline: float | None, **query: Any) -> Any:
        """Like `_get`, for lists with thousands of rows: numbers may be floats, and NaN."""
        return self._guarded("GET", path, deadline, query=query, attempts=ATTEMPTS, read=Answer.rows)

    def _post(self, path: str, body: Mapping[str, Any], *, deadline: float | None) -> Any:
        """Sent once: after a lost reply only the caller knows how to find out what happened."""
        return self._guarded("POST", path, deadline, body=body, attempts=1)

    def _patch_for_record(self, path: str, body: Mapping[str, Any], *, deadline: float | None) -> Json:
        return record(self._guarded("PATCH", path, deadline, body=body, attempts=1), path)

    def _post_for_record(self, path: str, body: Mapping[str, Any], *, deadline: float | None) -> Json:
        return record(self._post(path, body, deadline=deadline), path)

    def _guarded(self, method: str, path: str, seconds: float | None, *, attempts: int, **parts: Any) -> Any:
        deadline = self._shared_deadline or Deadline(DEFAULT_DEADLINE if seconds is None else seconds)
        try:
            with self.breaker.guard() as admission:
                return self._try(method, path, deadline, 1 if admission.is_probe else attempts, **parts)
        except GatewayResting:
            raise
        except (GatewayUnavailable, GatewayUnauthorized) as error:
            self.breaker.remember(failed_call(method, path, error, datetime.now(UTC)))
            raise

    def _try(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        attempts: int,
        read: Callable[[Answer], Any] = Answer.json,
        **parts: Any,
    ) -> Any:
        for attempt in range(1, attempts + 1):
            try:
                return read(check(self._send(method, path, deadline, **parts), self._transport.hide))
            except GatewayUnavailable:
                pause = random.uniform(0.5, 1.5) * _FIRST_PAUSE * 2 ** (attempt - 1)  # noqa: S311 - spreads load, hides nothing
                if attempt == attempts or pause >= deadline.remaining():
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, method: str, path: str, deadline: Deadline, **parts: Any) -> Any:
        return self._transport.send(method, path, deadline=deadline, **parts)
