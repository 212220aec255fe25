"""LiteLLM's durations ("30s 30m 30h 30d 1w 1mo") and the calendar by which budgets start anew."""

import re
from datetime import datetime, timedelta

_DURATION = re.compile(r"(\d+)(mo|s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "mo": 30 * 86_400}


def length(text: str) -> timedelta:
    """Raises ValueError for anything else than a number and a unit."""
    number, unit = _split(text)
    return timedelta(seconds=number * _SECONDS[unit])


def next_reset(text: str, now: datetime) -> datetime:
    """When a budget of this duration starts anew:

    1d at midnight, 7d on Monday, 30d and 1mo on the 1st (1.109).
    """
    number, unit = _split(text)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "mo" or (number, unit) == (30, "d"):
        return _first_of_next_month(midnight)
    if (number, unit) in {(7, "d"), (1, "w")}:
        return midnight + timedelta(days=7 - midnight.weekday())
    if unit in {"d", "w"}:
        return midnight + length(text)
    return now + length(text)


def _first_of_next_month(midnight: datetime) -> datetime:
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def _split(text: str) -> tuple[int, str]:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration")
    return int(match[1]), match[2]
