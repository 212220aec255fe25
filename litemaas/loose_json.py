"""Reads JSON as gateways write it: fast, with every digit, and with NaN, which is no JSON but is sent.

NaN and infinities become floats; whoever uses the number refuses it, so one bad number costs one row, not the batch.
"""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

# Fractions that a binary float may cut. The dot comes first, as only what begins with one letter is found fast.
_LONG_FRACTION = re.compile(rb"\.[0-9]{9,}(?:[eE][-+]?[0-9]+)?")
# So many digits fit into a float whatever they are.
_ALWAYS_FIT = 15


def loads(raw: bytes) -> Any:
    """Raises ValueError. Fractions are floats where these hold all that was written, and Decimals otherwise."""
    if _fits_floats(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    try:
        return json.loads(raw, parse_float=_exact)
    except (RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _fits_floats(raw: bytes) -> bool:
    """Whether floats hold every digit of the long fractions. Those that programs write who compute in floats do."""
    for found in _LONG_FRACTION.finditer(raw):
        start, end = found.span()
        while start and raw[start - 1 : start].isdigit():
            start -= 1
        if end - start - 1 <= _ALWAYS_FIT:
            continue
        text = raw[start:end].decode()
        number = float(text)
        if repr(number) != text and Decimal(repr(number)) != Decimal(text):
            return False
    return True


def _exact(text: str) -> Any:
    number = Decimal(text)
    return number if number.is_finite() else float(text)
