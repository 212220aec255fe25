"""Keys that are above a maximum: what a new maximum would not bring down by itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from apikeys.models import ApiKey

_COLUMNS = {"maxBudget": "max_budget", "tpmLimit": "tpm_limit", "rpmLimit": "rpm_limit"}


def keys_above(maximums: Mapping[str, Any], *, now: datetime) -> dict[str, int]:
    """By wire name of a maximum that is set: how many live keys have more, or no limit at all. One statement."""
    counts = {}
    for wire, most in maximums.items():
        if most is None:
            continue
        if wire == "expirationDays":
            above = Q(expires_at__isnull=True) | Q(expires_at__gt=now + timedelta(days=most))
        else:
            column = _COLUMNS[wire]
            above = Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gt": most})
        counts[wire] = Count("pk", filter=above)
    return ApiKey.objects.live(now).order_by().aggregate(**counts) if counts else {}
