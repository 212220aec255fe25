"""How full something is: one rule for budgets and quotas everywhere (ui.md §3.5)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Level = Literal["unlimited", "unknown", "normal", "warning", "danger", "over"]
Number = int | Decimal

_WARNING_AT = 80
_DANGER_AT = 95
_FULL = 100


@dataclass(frozen=True)
class Reading:
    """`percent` of the limit, None where there is no limit or the use is unknown. `over` is the excess."""

    level: Level
    percent: Decimal | None = None
    over: Number = 0

    @property
    def width(self) -> Decimal:
        """The filled part of the bar, 0–100."""
        return min(self.percent or Decimal(0), Decimal(_FULL))


def read(used: Number | None, limit: Number | None) -> Reading:
    if limit is None:
        return Reading("unlimited")
    if used is None:
        return Reading("unknown")
    percent = share(used, limit)
    if used > limit:
        return Reading("over", percent, used - limit)
    if percent >= _DANGER_AT:
        return Reading("danger", percent)
    return Reading("warning" if percent >= _WARNING_AT else "normal", percent)


def share(part: Number, whole: Number) -> Decimal:
    """`part` of `whole` in per cent. A limit of nothing is full from the start."""
    if not whole:
        return Decimal(_FULL)
    return Decimal(part) * _FULL / Decimal(whole)


# --- a figure against the period before -------------------------------------------------------------------------------

Direction = Literal["up", "down", "same", "new", "unknown"]
_NO_CHANGE_WITHIN = 1


@dataclass(frozen=True)
class Change:
    direction: Direction
    percent: Decimal = Decimal(0)


def compare(now: Number | None, before: Number | None) -> Change:
    """The change in per cent; within 1 % it is none, from zero it is "new" (ui.md §3.7)."""
    if now is None or before is None:
        return Change("unknown")
    if not before:
        return Change("new" if now else "same")
    percent = (Decimal(now) - Decimal(before)) * _FULL / abs(Decimal(before))
    if abs(percent) <= _NO_CHANGE_WITHIN:
        return Change("same")
    return Change("up" if percent > 0 else "down", abs(percent))
