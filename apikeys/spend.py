"""What a key has spent in its present budget window, over all of its secrets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apikeys.models import ApiKeySecret

Json = dict[str, Any]


@dataclass(frozen=True)
class Spent:
    """US dollars since the window began; None where the gateway never told."""

    amount: Decimal | None


def spent_by(row: Json, current: Json | None, former: Json | None, now: datetime) -> Spent:
    """`row["spend"]` is the sum of what the gateway counts for each secret (`queries.columns`).

    A new secret starts with what was spent before it, so while two live that part is in both counters; what the former
    one spent after that is known when it is retired, and in no counter any more.
    """
    counted = row["spend"]
    if counted is None or current is None:
        return Spent(counted)
    ends = current["period_ends_at"]
    if ends is not None and now >= datetime.fromisoformat(ends):
        return Spent(counted)
    if former is not None:
        # Before the gateway told of both, only one counter has it.
        twice = Decimal(current["carried_spend"] or 0) if row["spend_parts"] > 1 else Decimal()
        return Spent(max(Decimal(), counted - twice))
    return Spent(counted + Decimal(current["late_spend"] or 0))


def secret_facts(secrets: Iterable[ApiKeySecret]) -> tuple[Json | None, Json | None]:
    """What `spent_by` has to know of the current secret and of the former one, if that still lives."""
    current = former = None
    for row in secrets:
        if row.retired_at is not None:
            continue
        facts = {
            "carried_spend": row.carried_spend,
            "late_spend": row.late_spend,
            "period_ends_at": row.period_ends_at.isoformat() if row.period_ends_at else None,
        }
        if row.is_current:
            current = facts
        else:
            former = facts
    return current, former
