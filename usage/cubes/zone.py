"""The time zone of the rollups' days, asked for at most every few seconds.

It changes when an operator changes the reporting time zone and all days are made anew, in one transaction.
"""

import time
from zoneinfo import ZoneInfo

from usage.zones import rollup_zone

_RECENT_SECONDS = 5.0
_seen: ZoneInfo | None = None
_seen_at = float("-inf")


def zone_of_days() -> ZoneInfo:
    global _seen, _seen_at
    if _seen is None or time.monotonic() - _seen_at > _RECENT_SECONDS:
        _seen, _seen_at = ZoneInfo(rollup_zone()), time.monotonic()
    return _seen


def forget_zone() -> None:
    """Have the next question ask the database."""
    global _seen
    _seen = None
