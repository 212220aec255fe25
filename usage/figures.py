"""Sums of usage, exact to the last digit, and what is derived from them."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Context, Decimal
from typing import Any, TypeVar
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
        return Figures(*map(_plus, astuple(self), astuple(other)))

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


def _plus(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return _EXACT.add(one, other) if isinstance(one, Decimal) else one + other


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


def total(lines: Iterable[Line]) -> Figures:
    result = Figures()
    for line in lines:
        result += line.figures
    return result


def grouped(lines: Iterable[Line], key: Callable[[Line], K]) -> dict[K, Figures]:
    """Sums by what `key` says, in the order of first sight."""
    groups: dict[K, Figures] = {}
    for line in lines:
        name = key(line)
        groups[name] = groups.get(name, Figures()) + line.figures
    return groups


def most_used_first(groups: dict[K, Figures]) -> list[tuple[K, Figures]]:
    """By requests, then tokens, then name, so that the order never wavers."""
    return sorted(groups.items(), key=lambda item: (-item[1].requests, -item[1].total_tokens, str(item[0])))


def providers_of(lines: list[Line]) -> dict[str, str]:
    """Each model's provider; the most used one where there were several."""
    ranked = most_used_first(grouped(lines, lambda line: (line.model, line.provider)))
    return {model: provider for (model, provider), _figures in reversed(ranked)}
