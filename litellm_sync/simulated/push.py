"""Pushes usage to a portal, as LiteLLM's generic API callback does:

in batches, and lost when nobody takes them.
"""

import json
import logging
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from litellm_sync.simulated.state import State

_LARGEST_BATCH = 512
_RETRIES = 3

logger = logging.getLogger("litellm_sync.simulated")


@dataclass(frozen=True, slots=True)
class Target:
    """Where usage goes: every `interval` seconds, or at 512 events."""

    url: str
    token: str
    interval: float = 5.0


class Pusher:
    """A thread that empties the state's events.

    Retries time-outs and 5xx; drops the batch on anything else.
    """

    def __init__(self, state: State, target: Target) -> None:
        self._state = state
        self._target = target
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated-push", daemon=True)

    def start(self) -> None:
        self._state.pushes = True
        self._thread.start()

    def stop(self) -> None:
        """Send what is left, and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._target.interval):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        events = self._state.events
        while events:
            batch = [events.popleft() for _ in range(min(len(events), _LARGEST_BATCH))]
            if not any(self._send(batch) for _ in range(1 + _RETRIES)):
                logger.warning("usage push: %d events dropped", len(batch))

    def _send(self, batch: list[Any]) -> bool:
        """Whether to go on to the next batch: it was taken, or refused for good."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"litellm/{self._state.version.name}",
            "Authorization": f"Bearer {self._target.token}",
        }
        body = json.dumps(batch).encode()
        request = urllib.request.Request(self._target.url, body, headers)  # noqa: S310 - the operator's own address
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return True
        except urllib.error.HTTPError as error:
            with error:
                logger.warning("usage push: status %d", error.code)
                return error.code < 500
        except OSError as error:
            logger.warning("usage push: %s", type(error).__name__)
            return False
