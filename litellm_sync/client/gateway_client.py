"""The gateway, and the one instance that this process shares."""

import copy
import os
import threading

from django.conf import settings

from litellm_sync.breaker import shared_breaker
from litellm_sync.client.deadline import Deadline
from litellm_sync.client.health import HealthCalls
from litellm_sync.client.keys import KeyCalls
from litellm_sync.client.models import ModelCalls
from litellm_sync.client.teams import TeamCalls
from litellm_sync.client.usage import UsageCalls
from litellm_sync.client.users import UserCalls


class GatewayClient(ModelCalls, UserCalls, TeamCalls, KeyCalls, UsageCalls, HealthCalls):
    """LiteLLM's administration API, as far as we use it (1.80 and newer). Threads may share it.

    Every call ends within its `deadline` (seconds in all, 10 unless given; looking up the host name is the
    system's business and not counted) and raises `litellm_sync.errors` only. Numbers with a fraction are
    exact Decimals.
    """

    def hurried(self, seconds: float) -> "GatewayClient":
        """The same gateway for somebody who waits: all calls together end within `seconds`."""
        hurried = copy.copy(self)
        hurried._shared_deadline = Deadline(seconds)
        return hurried


_lock = threading.Lock()
_shared: GatewayClient | None = None


def gateway() -> GatewayClient:
    """The configured gateway: settings.LITELLM_API_URL, with a breaker that all our processes share."""
    global _shared
    if _shared is None:
        with _lock:
            if _shared is None:
                _shared = _configured()
    return _shared


def forget_gateway() -> None:
    """Read the settings again at the next `gateway()`."""
    global _shared, _lock
    _shared = None
    _lock = threading.Lock()


def _configured() -> GatewayClient:
    breaker = shared_breaker(settings.LITELLM_API_URL, settings.REDIS_URL)
    return GatewayClient(settings.LITELLM_API_URL, settings.LITELLM_API_KEY, breaker=breaker)


# A forked worker must not write into its parent's connections.
os.register_at_fork(after_in_child=forget_gateway)
