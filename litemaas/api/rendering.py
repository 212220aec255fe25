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
    return orjson.dumps(data, default=_other, option=_OPTIONS)


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else dumps(data)
