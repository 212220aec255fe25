"""How finely the figures of a period are kept."""

from collections.abc import Collection
from datetime import UTC, timedelta

from usage.cubes.spans import UNITS
from usage.errors import GranularityNotAvailable
from usage.models import SummedDay
from usage.periods import Period

FINEST = frozenset({"hour", "hourOfDay"})
_MOST_NAMED = 10


def require_granularity(period: Period, units: Collection[str]) -> None:
    """Refuse hours where a day of the period (UTC) is known as a whole only: the gateway kept no logs of its calls.

    Raises GranularityNotAvailable.
    """
    asked = FINEST.intersection(units)
    if not asked:
        return
    first = period.start.astimezone(UTC).date()
    last = (period.end.astimezone(UTC) - timedelta(microseconds=1)).date()
    summed = SummedDay.objects.filter(is_counted=True, day__range=(first, last)).order_by("day")
    days = [day.isoformat() for day in summed.values_list("day", flat=True)[:_MOST_NAMED]]
    if days:
        coarser = [unit for unit in UNITS if unit not in FINEST]
        raise GranularityNotAvailable(granularity=min(asked), available=coarser, days=days)
