"""The time zone whose days the rollups hold."""

from django.conf import settings

from usage.models import RollupZone


def rollup_zone() -> str:
    """The IANA name. The first asking fixes the deployment's setting; a change needs the rollups made anew."""
    return RollupZone.objects.get_or_create(pk=1, defaults={"name": settings.REPORTING_TIME_ZONE})[0].name
