"""Quotas of subscriptions: counted from the ledger, and how much of them is used."""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from subscriptions.models import Subscription
from subscriptions.quota_rules import window_start
from subscriptions.services import QuotaUse, record_quota_use, resume_after_quota_reset, suspend_for_quota
from usage.cubes.answers import groups_of
from usage.models import NOBODY, UsageCursor
from usage.periods import Period, reporting_zone, today
from usage.questions import Question
from usage.rows import SOURCE
from usage.scopes import Scope


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


def count_quotas(*, now: datetime) -> tuple[int, int]:
    """Tell the subscriptions what was used this month, and act on it; how many were suspended and how many resumed.

    Idempotent: sums are told, not differences, and an older reading never overwrites a newer one.
    """
    cursor = UsageCursor.objects.filter(source=SOURCE).first()
    month = window_start(now)
    if cursor is None:
        return 0, resume_after_quota_reset(window_start=month, now=now)
    zone = reporting_zone()
    period = Period(today(month, zone), today(now, zone), zone)
    groups = groups_of(Question(Scope(), period), ("user", "model"), now=now)
    uses = [
        QuotaUse(label, str(model), group.figures.requests, group.figures.total_tokens)
        for group in groups
        for label, model in [group.labels]
        if isinstance(label, UUID) and label != NOBODY
    ]
    as_of = min(cursor.moved_at, now)
    record_quota_use(uses, window_start=month, as_of=as_of, complete=as_of >= month)
    suspended = suspend_for_quota(window_start=month, now=now)
    return suspended, resume_after_quota_reset(window_start=month, now=now)
