"""Requests in numbers, for those who decide."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from subscriptions.models import StatusChange, Subscription


def request_stats(today: datetime) -> dict[str, Any]:
    """Counts of requests; `today` is when the day began."""
    by_people = StatusChange.objects.filter(changed_at__gte=today, changed_by__isnull=False)
    decided = by_people.exclude(old_status="").aggregate(
        approvedToday=Count("pk", filter=Q(new_status="active", old_status__in=["pending", "denied"])),
        deniedToday=Count("pk", filter=Q(new_status="denied")),
    )
    kept = Subscription.objects.kept()
    return {
        "pendingCount": kept.filter(status=Subscription.Status.PENDING).count(),
        **decided,
        "totalRequests": kept.filter(model__restricted_access=True).count(),
    }


def pending() -> int:
    """How many requests wait for a decision."""
    return Subscription.objects.kept().filter(status=Subscription.Status.PENDING).count()
