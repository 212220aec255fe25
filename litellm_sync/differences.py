"""Whether a row of the gateway is what we wish for. Appliers and the reconciler ask here, so that they agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from litellm_sync.spend import read_moment

# LiteLLM takes durations, not moments: an expiry arrives a little late.
EXPIRY_TOLERANCE = timedelta(seconds=5)
# LiteLLM keeps amounts as floats.
_FLOAT_NOISE = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    wanted: Any
    found: Any


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[Difference]:
    """The fields of `wanted` that `found`, a row of the gateway, has otherwise. Others are not asked for."""
    return [
        Difference(field, value, found.get(field))
        for field, value in wanted.items()
        if not is_same(value, found.get(field))
    ]


def is_same(wanted: Any, found: Any) -> bool:
    """Whether the gateway means the same: unset in any spelling, numbers up to float noise, lists in any order."""
    if _is_unset(wanted) or _is_unset(found):
        return _is_unset(wanted) and _is_unset(found)
    if isinstance(wanted, datetime):
        moment = read_moment(found)
        return moment is not None and abs(moment - wanted) <= EXPIRY_TOLERANCE
    if _is_number(wanted) and _is_number(found):
        return _is_same_number(Decimal(str(wanted)), Decimal(str(found)))
    if isinstance(wanted, list | tuple | set | frozenset) and isinstance(found, list):
        return sorted(map(repr, wanted)) == sorted(map(repr, found))
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(is_same(wanted.get(name), found.get(name)) for name in wanted.keys() | found.keys())
    # 1 == True
    return isinstance(wanted, bool) == isinstance(found, bool) and bool(wanted == found)


def _is_unset(value: Any) -> bool:
    # 0 == False, and a limit of nothing is not "no limit".
    return value is None or value is False or (isinstance(value, list | dict | str) and not value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_same_number(wanted: Decimal, found: Decimal) -> bool:
    return abs(wanted - found) <= _FLOAT_NOISE * max(abs(wanted), abs(found))
