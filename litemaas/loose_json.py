"""Reads JSON as gateways write it: fast, with every digit, and with NaN, which is no JSON but is sent.

NaN and infinities become floats; whoever uses the number refuses it, so one bad number costs one row, not the batch.
"""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

# Fractions that a binary float would cut. Programs that compute in floats never write so many digits.
_LONG_FRACTION = re.compile(rb"[0-9]\.[0-9]{17,}|[0-9]{8,}\.[0-9]{9,}")


def loads(raw: bytes) -> Any:
    """Raises ValueError. Fractions are floats where these hold all that was written, and Decimals otherwise."""
    if not _LONG_FRACTION.search(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    try:
        return json.loads(raw, parse_float=_exact)
    except (RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _exact(text: str) -> Any:
    number = Decimal(text)
    return number if number.is_finite() else float(text)
