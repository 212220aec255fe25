"""How far the outbox is: for the portal, for operators' shells, and for alerts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from litellm_sync.models import GatewayObject

# Over which time the speed is measured.
WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """`waiting` wishes are still to be applied, `retrying` of them have failed before; `parked` were refused for good.

    `per_minute` were confirmed in the last minute. `seconds_left` is what the rest takes at that speed, None while
    nothing moves.
    """

    waiting: int
    retrying: int
    parked: int
    by_kind: dict[str, int]
    oldest_since: datetime | None
    per_minute: int

    @property
    def seconds_left(self) -> int | None:
        if not self.waiting:
            return 0
        return round(60 * self.waiting / self.per_minute) if self.per_minute else None


def progress(*, now: datetime) -> Progress:
    """In two statements, whatever the length of the queue."""
    is_parked = Q(parked_at__isnull=False)
    rows = (
        GatewayObject.objects.waiting()
        .values("kind")
        .annotate(
            queued=Count("pk", filter=~is_parked),
            retrying=Count("pk", filter=~is_parked & Q(attempts__gt=0)),
            parked=Count("pk", filter=is_parked),
            oldest=Min("dirty_since", filter=~is_parked),
        )
    )
    kinds = list(rows.order_by())
    return Progress(
        waiting=sum(kind["queued"] for kind in kinds),
        retrying=sum(kind["retrying"] for kind in kinds),
        parked=sum(kind["parked"] for kind in kinds),
        by_kind={kind["kind"]: kind["queued"] for kind in kinds if kind["queued"]},
        oldest_since=min((kind["oldest"] for kind in kinds if kind["oldest"]), default=None),
        per_minute=GatewayObject.objects.filter(applied_at__gte=now - WINDOW).count(),
    )
