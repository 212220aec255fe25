"""How much a subscription may grant, and the window in which it is counted."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import options
from litemaas import errors
from subscriptions.errors import QuotaAboveMaximum
from subscriptions.models import Subscription


def wanted(requests: int | None, tokens: int | None) -> tuple[int, int]:
    """The quotas to give, per month; None is the usual one. Raises InvalidInput below 1 and above what the portal
    allows."""
    asked = {"quotaRequests": requests, "quotaTokens": tokens}
    highest = {"quotaRequests": settings.MAX_QUOTA_REQUESTS, "quotaTokens": settings.MAX_QUOTA_TOKENS}
    wrong = {
        field: _above(highest[field]) if value > highest[field] else _("At least 1.")
        for field, value in asked.items()
        if value is not None and not 1 <= value <= highest[field]
    }
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return requests or settings.DEFAULT_QUOTA_REQUESTS, tokens or settings.DEFAULT_QUOTA_TOKENS


def ceiling(row: Subscription) -> tuple[int, int]:
    """How far the owner may raise requests and tokens: what an administrator granted, else what all may have."""
    return (
        row.granted_requests or settings.MAX_QUOTA_REQUESTS,
        row.granted_tokens or settings.MAX_QUOTA_TOKENS,
    )


def require_within_ceiling(row: Subscription, requests: int, tokens: int) -> None:
    """What is there already may stay, even where the ceiling came down. Raises QuotaAboveMaximum."""
    most_requests, most_tokens = ceiling(row)
    wrong = {}
    if requests > max(most_requests, row.quota_requests):
        wrong["quotaRequests"] = _above(most_requests)
    if tokens > max(most_tokens, row.quota_tokens):
        wrong["quotaTokens"] = _above(most_tokens)
    if wrong:
        raise QuotaAboveMaximum(fields=wrong)


def _above(most: int) -> str:
    return _("Ask an administrator for more than %(most)s.") % {"most": most}


def used_now(row: Subscription, now: datetime) -> tuple[int | None, int | None]:
    """Requests and tokens used in the present window; None while the ledger has not told."""
    if row.quota_window_start is None or row.quota_window_start < window_start(now):
        return None, None
    return row.used_requests, row.used_tokens


def window_start(now: datetime) -> datetime:
    """When the month of the reporting time zone began, in UTC."""
    return _month_of(now).astimezone(UTC)


def window_end(now: datetime) -> datetime:
    """When the next one begins, and all quotas with it."""
    first = _month_of(now)
    after = first.replace(month=first.month % 12 + 1, year=first.year + first.month // 12)
    return after.astimezone(UTC)


def day_start(now: datetime) -> datetime:
    """When the day of the reporting time zone began."""
    return _there(now).replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def _month_of(now: datetime) -> datetime:
    return _there(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)


def _there(now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(str(options.recent("reportingTimeZone"))))
