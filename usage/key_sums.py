"""How often a key was used, from the sums per month."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from usage.models import KeyMonth
from usage.zones import rollup_zone


@dataclass(frozen=True, slots=True)
class KeySums:
    """Requests ever and in the month of `now`; None: nothing was read from the gateway yet."""

    ever: int | None
    this_month: int | None


def sums_of_key(key_id: UUID, *, now: datetime) -> KeySums:
    month = now.astimezone(ZoneInfo(rollup_zone())).date().replace(day=1)
    sums = KeyMonth.objects.filter(api_key_id=key_id).aggregate(
        ever=Sum("requests"), month=Sum("requests", filter=Q(month=month))
    )
    # Without any ledger nobody can say that a key was not used.
    nothing = 0 if sums["ever"] is not None or KeyMonth.objects.exists() else None
    return KeySums(
        sums["ever"] if sums["ever"] is not None else nothing,
        sums["month"] if sums["month"] is not None else nothing,
    )
