"""Sums of usage, exact to the last digit, and what is derived from them."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import TypeVar
from uuid import UUID

K = TypeVar("K", bound=Hashable)
# Python's own 28 digits would round sums of costs with 30 places.
_EXACT = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Figures:
    """Costs in US dollars. `unpriced` calls have no known cost; `timed` ones have a known latency."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    latency_ms: int = 0
    timed: int = 0
    successes: int = 0
    failures: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            _EXACT.add(self.cost, other.cost),
            self.unpriced + other.unpriced,
            self.latency_ms + other.latency_ms,
            self.timed + other.timed,
            self.successes + other.successes,
            self.failures + other.failures,
        )

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
