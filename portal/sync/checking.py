"""Asking the gateway itself how it is: some seconds at most, past the breaker, and nothing is changed."""

import time
from dataclasses import dataclass
from datetime import datetime

from litellm_sync.client import gateway
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway

# Of each question.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """`milliseconds` is None without an answer. What is None beside it is not known: the gateway does not tell."""

    is_up: bool
    checked_at: datetime
    milliseconds: int | None = None
    has_database: bool | None = None
    version: str | None = None
    is_too_old: bool = False


def check(*, now: datetime) -> Check:
    """How the gateway is now."""
    client, began = gateway(), time.monotonic()
    if not client.is_alive(deadline=_PATIENCE):
        return Check(is_up=False, checked_at=now)
    milliseconds = round(1000 * (time.monotonic() - began))
    version, is_too_old = _version()
    database = client.has_database(deadline=_PATIENCE)
    return Check(True, now, milliseconds, database, version, is_too_old)


def _version() -> tuple[str | None, bool]:
    try:
        return gateway().features(deadline=_PATIENCE).version, False
    except UnsupportedGateway as refusal:
        return refusal.data.get("version"), True
    except (GatewayUnavailable, GatewayRefused):
        return None, False
