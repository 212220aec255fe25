"""Reads single fields of what LiteLLM tells: texts, counts, costs, times (seen on 1.80 to 1.109).

What a call can't be counted without raises BadRow when it is odd; of anything else what is odd is unknown.
"""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from usage.models import Status

Json = dict[str, Any]

# Dollars for one call. More is no price.
LARGEST_COST = 1e12
_LARGEST_COUNT = 2**53


class BadRow(Exception):
    """The row can't be counted. The text is the reason, as operators read it."""


def to_milliseconds(moment: datetime) -> datetime:
    """Rounded as the gateway's database does."""
    beyond = moment.microsecond % 1000
    if not beyond:
        return moment
    return moment + timedelta(microseconds=1000 - beyond if beyond >= 500 else -beyond)


def moment(value: Any) -> datetime | None:
    """ISO 8601, in UTC where no zone is told."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is UTC:
            return parsed
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def cost_of(value: Any) -> Decimal | float | None:
    """Every digit that was reported. None stays unknown: it is not zero."""
    if value is None:
        return None
    if isinstance(value, str):
        # Some versions of drivers write decimals as text.
        value = _decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise BadRow("cost is not a number")
    if value < 0:
        raise BadRow("negative cost")
    if value >= LARGEST_COST:
        raise BadRow("cost is not a number")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip()) if len(text) < 60 else Decimal("NaN")
    except ArithmeticError:
        return Decimal("NaN")


def parts_of_cost(
    breakdown: Json,
) -> tuple[Decimal | float | None, Decimal | float | None, Decimal | float | None]:
    """Costs of input, output and the rest. A part that is odd is unknown; it is no reason to lose the call."""
    told = breakdown.get
    tool, margin, discount = (
        told("tool_usage_cost"),
        told("margin_total_amount"),
        told("discount_amount"),
    )
    if not tool and not margin and not discount:
        is_told = any(value == 0 and value is not False for value in (tool, margin, discount))
        other: Decimal | float | None = 0 if is_told else None
    else:
        parts = [Decimal(str(part)) for part in (_part(tool), _part(margin)) if part is not None]
        less = _part(discount)
        known = bool(parts) or less is not None
        other = sum(parts, Decimal(0)) - Decimal(str(less or 0)) if known else None
    return _part(told("input_cost")), _part(told("output_cost")), other


def _part(value: Any) -> Decimal | float | None:
    if value.__class__ is float or (value.__class__ is not bool and isinstance(value, int | float | Decimal)):
        return value if -LARGEST_COST < value < LARGEST_COST else None
    return None


def count_of(value: Any, what: str) -> int | None:
    """A whole number, also as text or as a decimal. None stays unknown. Raises BadRow, which names `what`."""
    if value is None or (value.__class__ is int and 0 <= value <= _LARGEST_COUNT):
        return value
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value) and value >= 0:
        return count_of(int(value), what)
    raise BadRow(f"unreadable {what}")


def optional_count(value: Any) -> int | None:
    """A detail: what is odd is unknown."""
    return value if value.__class__ is int and 0 <= value <= _LARGEST_COUNT else None


def kind_of_tokens(details: Any, name: str, otherwise: Any) -> int | None:
    """A detail that is odd is unknown; it is no reason to lose the call."""
    if details.__class__ is dict:
        found = details.get(name)
        if found.__class__ is int and 0 <= found <= _LARGEST_COUNT:
            return found
    return None if otherwise is None else optional_count(otherwise)


def status_of(value: Any) -> str:
    return value if value in ("success", "failure") else Status.UNKNOWN.value


def cost_center_of(metadata: Json) -> str:
    """From the key's or the team's own metadata, or what the caller said of this call."""
    for name in ("user_api_key_auth_metadata", "spend_logs_metadata", "user_api_key_metadata"):
        found = mapping(metadata.get(name)).get("cost_center")
        if found:
            return word(found, 100)
    return ""


def tags_of(value: Any) -> str:
    """What people tagged, as an array literal of PostgreSQL; LiteLLM adds the user agent by itself."""
    texts = {
        text for tag in listed(value) if (text := word(tag, 255)) and not text.startswith("User-Agent: ")
    }
    if not texts:
        return "{}"
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in sorted(texts)[:50])
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def word(value: Any, longest: int) -> str:
    """A text that PostgreSQL stores; cut where it is too long."""
    if value.__class__ is not str:
        return ""
    return value[:longest] if value.isprintable() else clean(value)[:longest]


def clean(text: str) -> str:
    """PostgreSQL stores neither NUL nor halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def mapping(value: Any) -> Json:
    """Some versions write JSON columns as text."""
    if value.__class__ is dict:
        return value
    if value is None:
        return {}
    found = _parsed(value)
    return found if isinstance(found, dict) else {}


def listed(value: Any) -> list[Any]:
    found = _parsed(value)
    return found if isinstance(found, list) else []


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
