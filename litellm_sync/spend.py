"""What the gateway says its users, teams, members and keys have spent, kept for reading without asking it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from litellm_sync.models import GatewaySpend


@dataclass(frozen=True, slots=True)
class Spend:
    """One figure: `spend` in US dollars since the budget window began, `budget_reset_at` when the next one begins."""

    gateway_id: str
    object_id: UUID
    spend: Decimal
    budget_reset_at: datetime | None = None


def record_spend(kind: str, spends: Iterable[Spend], *, as_of: datetime) -> int:
    """Keep these figures, in one statement; how many. Figures older than what is kept are dropped."""
    latest = {spend.gateway_id: spend for spend in spends}
    if not latest:
        return 0
    known = GatewaySpend.objects.filter(kind=kind, gateway_id__in=list(latest), as_of__gt=as_of)
    for gateway_id in known.values_list("gateway_id", flat=True):
        del latest[gateway_id]
    rows = [
        GatewaySpend(
            kind=kind,
            gateway_id=spend.gateway_id,
            object_id=spend.object_id,
            spend=spend.spend,
            budget_reset_at=spend.budget_reset_at,
            as_of=as_of,
        )
        # Written in one order, or two writers could deadlock.
        for _, spend in sorted(latest.items())
    ]
    GatewaySpend.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["kind", "gateway_id"],
        update_fields=["object_id", "spend", "budget_reset_at", "as_of"],
    )
    return len(rows)


def read_spend(row: dict[str, Any]) -> tuple[Decimal, datetime | None] | None:
    """Spend and the budget's next beginning, from a row of the gateway; None where it does not tell.

    A member's budget begins anew by its budget row.
    """
    spend = row.get("spend")
    if isinstance(spend, bool) or not isinstance(spend, int | Decimal):
        return None
    reset = row.get("budget_reset_at") or (row.get("litellm_budget_table") or {}).get("budget_reset_at")
    return Decimal(spend), read_moment(reset)


def read_moment(text: Any) -> datetime | None:
    """A time as LiteLLM writes it: with or without an offset (then UTC), with 3 or 6 digits of fraction."""
    if not isinstance(text, str) or not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
