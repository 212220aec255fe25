"""JSON as the contract wants it: money exact and unrounded, times in UTC with `Z`."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _other(value: Any) -> Any:
    return _amount(value) if isinstance(value, Decimal) else str(value)


@lru_cache(maxsize=4096)
def _amount(value: Decimal) -> orjson.Fragment:
    """A Fragment goes to the wire as it is: every digit of the exact amount, no float in between.

    Prices come again and again. Amounts that are equal have the same text.
    """
    # Not normalize(): it rounds to the context's 28 digits, and sums of costs have more.
    text = format(value, "f")
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)


def written(text: str) -> orjson.Fragment:
    """JSON that the database wrote, to be part of an answer as it is."""
    return orjson.Fragment(text)


def dumps(data: Any) -> bytes:
    try:
        return orjson.dumps(data, default=_other, option=_OPTIONS)
    except orjson.JSONEncodeError:
        # The database gives 1e300 in somebody's notes back as a whole number, and orjson knows 64 bits.
        return orjson.dumps(_spelt_out(data), default=_other, option=_OPTIONS)


def _spelt_out(data: Any) -> Any:
    """The same with whole numbers of more than 64 bits as they are written."""
    if isinstance(data, dict):
        return {name: _spelt_out(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_spelt_out(value) for value in data]
    if isinstance(data, int) and not -(2**63) <= data < 2**64:
        return orjson.Fragment(str(data))
    return data


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else dumps(data)
