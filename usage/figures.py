"""Sums of usage, exact to the last digit, and what is derived from them."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Context, Decimal
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

K = TypeVar("K", bound=Hashable)
# Python's own 28 digits would round sums of costs with 30 places, and histograms have up to 768.
_EXACT = Context(prec=1000)


@dataclass(frozen=True, slots=True)
class Figures:
    """Costs in US dollars. `unpriced` calls have no known cost; `timed` and `first_token_timed` ones a known duration.

    The histograms are packed (`usage.histogram`); None where they were not asked for.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    latency_ms: int = 0
    timed: int = 0
    first_token_ms: int = 0
    first_token_timed: int = 0
    successes: int = 0
    failures: int = 0
    latency_histogram: Decimal | None = None
    first_token_histogram: Decimal | None = None

    def __add__(self, other: "Figures") -> "Figures":
        return summed((self, other))

    @property
    def success_rate(self) -> float | None:
        """Per cent of the calls with a known outcome."""
        outcomes = self.successes + self.failures
        return 100 * self.successes / outcomes if outcomes else None

    @property
    def error_rate(self) -> float | None:
        return None if self.success_rate is None else 100 - self.success_rate

    @property
    def average_latency_ms(self) -> float | None:
        return self.latency_ms / self.timed if self.timed else None

    @property
    def average_first_token_ms(self) -> float | None:
        return self.first_token_ms / self.first_token_timed if self.first_token_timed else None


# The columns of the rollups, in the order of the fields above.
HISTOGRAMS = ("latency_histogram", "first_token_histogram")
MEASURES = tuple(field.name for field in fields(Figures) if field.name not in HISTOGRAMS)


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one model by one provider with one key in one period (a day or an hour)."""

    at: date
    model: str
    provider: str
    api_key_id: UUID | None
    figures: Figures


_COUNTS = tuple(name for name in MEASURES if name != "cost")
_values_of = attrgetter(*_COUNTS)


def summed(parts: Iterable[Figures]) -> Figures:
    """Column by column: adding them one after the other would take several times as long."""
    kept = parts if isinstance(parts, Sequence) else list(parts)
    if len(kept) == 1:
        return kept[0]
    counts = (
        dict(zip(_COUNTS, map(sum, zip(*map(_values_of, kept), strict=True)), strict=True)) if kept else {}
    )
    return Figures(
        **counts,
        cost=exact_sum(part.cost for part in kept),
        latency_histogram=_merged([part.latency_histogram for part in kept]),
        first_token_histogram=_merged([part.first_token_histogram for part in kept]),
    )


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Without the rounding of Python's own 28 digits."""
    whole = Decimal(0)
    for amount in amounts:
        whole = _EXACT.add(whole, amount)
    return whole


def _merged(histograms: list[Decimal | None]) -> Decimal | None:
    known = [histogram for histogram in histograms if histogram is not None]
    return exact_sum(known) if known else None


def total(lines: Iterable[Line]) -> Figures:
    return summed([line.figures for line in lines])


def grouped(lines: Iterable[Line], key: Callable[[Line], K]) -> dict[K, Figures]:
    """Sums by what `key` says, in the order of first sight."""
    groups: dict[K, list[Figures]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line.figures)
    return {name: summed(parts) for name, parts in groups.items()}


def by_day(lines: Iterable[Line]) -> dict[date, Figures]:
    return grouped(lines, _day)


def _day(line: Line) -> date:
    return line.at


def most_used_first(groups: dict[K, Figures]) -> list[tuple[K, Figures]]:
    """By requests, then tokens, then name, so that the order never wavers."""
    return sorted(groups.items(), key=lambda item: (-item[1].requests, -item[1].total_tokens, str(item[0])))


def providers_of(lines: list[Line]) -> dict[str, str]:
    """Each model's provider; the most used one where there were several."""
    ranked = most_used_first(grouped(lines, lambda line: (line.model, line.provider)))
    return {model: provider for (model, provider), _figures in reversed(ranked)}
