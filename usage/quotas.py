"""Quotas of subscriptions: counted from the ledger, and how much of them is used."""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from subscriptions.models import Subscription
from subscriptions.quota_rules import window_start


def utilization(user_id: UUID, *, now: datetime) -> dict[str, float | None]:
    """How much of a person's quotas of this month is used, in per cent over all active subscriptions.

    None where there is no subscription, or where nothing was counted yet.
    """
    counted = Subscription.objects.active().filter(user_id=user_id, quota_window_start=window_start(now))
    sums = counted.aggregate(
        requests=Sum("used_requests"),
        tokens=Sum("used_tokens"),
        most_requests=Sum("quota_requests"),
        most_tokens=Sum("quota_tokens"),
    )
    return {
        "requests": _share(sums["requests"], sums["most_requests"]),
        "tokens": _share(sums["tokens"], sums["most_tokens"]),
    }


def _share(used: int | None, quota: int | None) -> float | None:
    return None if used is None or not quota else 100 * used / quota
