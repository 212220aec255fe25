"""How the two secrets of a key in rotation share its budget: together they can never spend more than it.

LiteLLM counts each by itself. The new one starts with what was spent so far (`carried_spend`, C). Of what remains of
the budget B each may spend half: with F and N the counters of the former and the new one, and R = B - (F + N - C),

    ceiling of the former = F + R/2        ceiling of the new one = N + R/2        their sum = B + C

so both together stop at B, whatever LiteLLM has not written down yet. When one has used up most of its half, what remains
is divided again (each minute). After the overlap the new one gets the whole budget, less what the former one spent
meanwhile (`late_spend`), until the budget's window begins anew.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from apikeys.models import ApiKeySecret

Json = dict[str, Any]
_PLACES = Decimal("1e-10")
_NOISE = Decimal("1e-8")


@dataclass(frozen=True)
class Shares:
    """The ceilings for LiteLLM's counters, in US dollars; None = no budget."""

    former: Decimal | None
    current: Decimal | None


def spend_in(row: Json | None) -> Decimal:
    """What LiteLLM's row counts; nothing where there is no row."""
    return Decimal(str((row or {}).get("spend") or 0))


def is_new_period(current: ApiKeySecret, now: datetime) -> bool:
    """Whether the budget's window began anew since the rotation: what was spent before does not count any more."""
    return current.period_ends_at is not None and now >= current.period_ends_at


def share(
    budget: Decimal | None,
    current: ApiKeySecret,
    *,
    former_row: Json | None,
    current_row: Json | None,
    now: datetime,
) -> Shares:
    """The ceilings of both. Present ones that are still good stay, so that nothing is written for nothing."""
    if budget is None:
        return Shares(None, None)
    carried = Decimal() if is_new_period(current, now) else current.carried_spend or Decimal()
    if former_row is None:
        return Shares(Decimal(), budget)
    former = spend_in(former_row)
    fresh = spend_in(current_row) if current_row is not None else carried
    remaining = max(Decimal(), budget - (former + fresh - carried))
    present = _present(former_row, current_row)
    if present and _is_good(present, former, fresh, budget + carried, remaining):
        return present
    half = (remaining / 2).quantize(_PLACES, ROUND_DOWN)
    return Shares((former + half).quantize(_PLACES, ROUND_DOWN), (fresh + half).quantize(_PLACES, ROUND_DOWN))


def _present(former_row: Json, current_row: Json | None) -> Shares | None:
    if current_row is None or former_row.get("max_budget") is None or current_row.get("max_budget") is None:
        return None
    return Shares(Decimal(str(former_row["max_budget"])), Decimal(str(current_row["max_budget"])))


def _is_good(present: Shares, former: Decimal, fresh: Decimal, total: Decimal, remaining: Decimal) -> bool:
    """They sum up, and neither has used up most of its part."""
    if present.former is None or present.current is None:
        return False
    if abs(present.former + present.current - total) > _NOISE + total * _NOISE:
        return False
    return min(present.former - former, present.current - fresh) >= remaining / 4


def budget_after_rotation(budget: Decimal | None, current: ApiKeySecret, now: datetime) -> Decimal | None:
    """The ceiling of a key's only secret."""
    late: Decimal | None = current.late_spend
    if budget is None or late is None or is_new_period(current, now):
        return budget
    return max(Decimal(), budget - late).quantize(_PLACES, ROUND_DOWN)


def is_less(wanted: Decimal | None, present: Any) -> bool:
    return wanted is not None and (present is None or wanted < Decimal(str(present)))
