"""Which limits hold at once, and which of them stops first, as pages show it (ui.md §3.11)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class LimitLevel:
    """What one giver of limits allows. `title` says what kind of giver ("Team"), `name` which one; `href` leads there.

    None is no limit; a `spend` of None is unknown. Amounts are in the currency of the gateway's prices, rates per
    minute. `window` is the budget's (`monthly`, `30d`, …). `note` says why a level that does not `applies` is listed.
    `binds` names what of this level stops first: budget, tpm, rpm, parallel.
    """

    title: Any
    name: str = ""
    href: str = ""
    max_budget: Decimal | None = None
    spend: Decimal | None = None
    window: str = ""
    resets_at: datetime | None = None
    tpm_limit: int | None = None
    rpm_limit: int | None = None
    max_parallel_requests: int | None = None
    applies: bool = True
    note: Any = ""
    binds: frozenset[str] = frozenset()

    @property
    def remaining(self) -> Decimal | None:
        if self.max_budget is None or self.spend is None:
            return None
        return max(Decimal(), self.max_budget - self.spend)

    @property
    def stops_first(self) -> bool:
        return "budget" in self.binds
