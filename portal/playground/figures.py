"""What one answer took: time, tokens, money. What is not known is None."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from apikeys.services import LentKey
from litellm_sync.errors import GatewayGarbage

Json = dict[str, Any]
# Seconds: what is written faster says nothing about the model.
_SHORTEST = 0.05


class Figures:
    """Started with the call. Times in milliseconds."""

    def __init__(self, key: LentKey, currency: str) -> None:
        self._began = time.perf_counter()
        self._input_price, self._output_price = key.input_price, key.output_price
        self._currency = currency
        self._first_token: float | None = None
        self._usage: Mapping[str, Any] = {}

    @property
    def has_first_token(self) -> bool:
        return self._first_token is not None

    def note_first_token(self) -> None:
        self._first_token = time.perf_counter()

    def note_usage(self, usage: Any) -> None:
        if isinstance(usage, Mapping):
            self._usage = usage

    @property
    def usage(self) -> Mapping[str, Any]:
        return self._usage

    def shown(self) -> Json:
        """Up to now."""
        now = time.perf_counter()
        prompt, completion = self._count("prompt_tokens"), self._count("completion_tokens")
        first = self._first_token
        writing = now - first if first is not None else 0.0
        if writing < _SHORTEST:
            # It came in one piece, so all of the time went into it.
            writing = now - self._began
        return {
            "timeToFirstToken": None if first is None else round(1000 * (first - self._began)),
            "duration": round(1000 * (now - self._began)),
            "promptTokens": prompt,
            "completionTokens": completion,
            "totalTokens": self._count("total_tokens"),
            "tokensPerSecond": round(completion / writing, 1) if completion and writing > 0 else None,
            "cost": self._cost(prompt, completion),
            "currency": self._currency,
        }

    def _count(self, name: str) -> int | None:
        found = self._usage.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None

    def _cost(self, prompt: int | None, completion: int | None) -> Decimal | None:
        """By the catalogue's prices. LiteLLM reports 0 for a model whose price it does not know."""
        if prompt is None or self._input_price is None:
            return None
        if completion and self._output_price is None:
            return None
        return prompt * self._input_price + (completion or 0) * (self._output_price or Decimal(0))


def with_figures(content: bytes, figures: Figures) -> Json:
    """An answer in one piece, and what it took. Raises GatewayGarbage for what is no object."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise GatewayGarbage("the answer is not JSON")
    figures.note_usage(answer.get("usage"))
    return {**answer, "litemaas": figures.shown()}
