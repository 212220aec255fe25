"""How far something long has come, as a line of a page shows it (ui.md §3.10)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from litemaas.web import meters

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]

# A page asks again after so many seconds; later and later, as what has run for long goes on for long.
_SOON, _LATER, _LATEST = 2, 5, 10
_LATER_FROM, _LATEST_FROM = timedelta(seconds=30), timedelta(minutes=2)


@dataclass(frozen=True)
class JobLine:
    """`total` None: nobody knows how much there is. `address` is the line's own part, which it asks for again.

    `cancel`, `file` and `details` are addresses; without one there is no such button. `error` says why it failed,
    `about` what it works on. `unit` "bytes" (untranslated) shows sizes.
    """

    id: str
    name: str
    state: State
    done: int = 0
    total: int | None = None
    unit: str = ""
    step: str = ""
    elapsed: timedelta | None = None
    error: str = ""
    address: str = ""
    cancel: str = ""
    file: str = ""
    details: str = ""
    about: str = ""

    @property
    def is_finished(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def asks_every(self) -> int:
        """Seconds."""
        if self.elapsed is None or self.elapsed < _LATER_FROM:
            return _SOON
        return _LATER if self.elapsed < _LATEST_FROM else _LATEST

    @property
    def percent(self) -> Decimal | None:
        if self.total is None:
            return Decimal(100) if self.state == "succeeded" else None
        return min(meters.share(self.done, self.total), Decimal(100))
