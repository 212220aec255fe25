"""Limits on requests (contract §1.4): counted in Valkey for all processes, per principal or, without one, per address."""

import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.request import Request

from litemaas.errors import DomainError

log = structlog.get_logger(__name__)

ANONYMOUS, SIGNED_IN, SIGN_IN = "anonymous", "signed-in", "sign-in"
# With Valkey away nobody counts these, so nobody gets in. Everything else goes on uncounted.
GUARDED = frozenset({SIGN_IN, "reveal"})
_BY_ADDRESS = frozenset({ANONYMOUS, SIGN_IN})
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_PAUSE_SECONDS = 2.0


class TooManyRequests(DomainError):
    """`data`: limit, timeWindow (words), remaining (milliseconds) and retryAfter (seconds)."""

    code = "RATE_LIMITED"
    default_message = "Too many requests. Wait a moment."

    def __init__(self, standing: "Standing", window: str, wait: int) -> None:
        self.standing = standing
        super().__init__(
            limit=standing.limit, timeWindow=window, remaining=wait * 1000, retryAfter=wait
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a bucket. `resets_at` in epoch seconds."""

    limit: int
    remaining: int
    resets_at: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
        }


def count(request: Request | HttpRequest, bucket: str, *, principal: Any = None) -> Standing | None:
    """Count this request in `bucket` of `principal`, or of the address where there is none.

    None where nothing limits it. Raises TooManyRequests, and Valkey's error for the guarded buckets, which ends as 503.
    """
    rate = settings.RATE_LIMITS.get(bucket)
    if rate is None or (bucket not in GUARDED and time.monotonic() < _uncounted_until):
        return None
    by_address = principal is None or bucket in _BY_ADDRESS
    try:
        return _count(request, bucket, rate, None if by_address else str(principal))
    except RedisError as error:
        if bucket in GUARDED:
            raise
        _go_on_uncounted(error)
        return None


def require_few(request: Request | HttpRequest, group: str, *, per_minute: int) -> None:
    """Count this try of the caller's address besides. Raises TooManyRequests; with Valkey away its error goes through."""
    if settings.RATE_LIMITS:
        _count(request, group, f"{per_minute}/m", None)


def _count(request: Request | HttpRequest, group: str, rate: str, principal: str | None) -> Standing | None:
    bare = request._request if isinstance(request, Request) else request
    who = "ip" if principal is None else (lambda _group, _request: principal)
    usage = get_usage(bare, group=group, key=who, rate=rate, increment=True)
    if usage is None:
        return None
    wait = max(1, usage["time_left"])
    standing = Standing(usage["limit"], max(0, usage["limit"] - usage["count"]), int(time.time()) + wait)
    if usage["should_limit"]:
        raise TooManyRequests(standing, words(rate), wait)
    return standing


_uncounted_until = float("-inf")


def _go_on_uncounted(error: Exception) -> None:
    """A request must not wait for a server that just did not answer another one."""
    global _uncounted_until
    _uncounted_until = time.monotonic() + _PAUSE_SECONDS
    log.warning("requests are not counted, Valkey is away", error=type(error).__name__)


def words(rate: str) -> str:
    """`10/5m` → `5 minutes`."""
    _count, _, period = rate.partition("/")
    number, unit = period[:-1] or "1", _UNITS[period[-1]]
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
