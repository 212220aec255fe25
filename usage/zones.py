"""The time zone whose days the rollups hold."""

from accounts import options
from usage.models import RollupZone


def rollup_zone() -> str:
    """The IANA name. The first asking fixes what is set then; a change needs the rollups made anew (`usage.upkeep`)."""
    found = RollupZone.objects.filter(pk=1).values_list("name", flat=True).first()
    if found is None:
        first = {"name": str(options.value("reportingTimeZone"))}
        found = RollupZone.objects.get_or_create(pk=1, defaults=first)[0].name
    return found
