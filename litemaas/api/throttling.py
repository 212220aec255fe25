"""Limits on tries, counted in Valkey for all processes (contract §1.4)."""

from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.request import Request

from litemaas.errors import DomainError


class TooManyRequests(DomainError):
    """`data`: limit, timeWindow (words), remaining (milliseconds) and retryAfter (seconds)."""

    code = "RATE_LIMITED"
    default_message = "Too many tries. Wait a moment."


def require_few(request: Request | HttpRequest, group: str, *, per_minute: int) -> None:
    """Count this try of the caller's address. Raises TooManyRequests.

    With Valkey away nobody counts, so nobody gets in: its error goes through and ends as 503.
    """
    bare = request._request if isinstance(request, Request) else request
    usage = get_usage(bare, group=group, key="ip", rate=f"{per_minute}/m", increment=True)
    if usage and usage["should_limit"]:
        wait = max(1, usage["time_left"])
        raise TooManyRequests(limit=per_minute, timeWindow="1 minute", remaining=wait * 1000, retryAfter=wait)
