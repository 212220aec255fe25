"""Reads one call as LiteLLM tells it (seen on 1.80 to 1.109) into a record of the ledger, or says why it can't.

This file reads rows of the spend log, `usage.events` what the callback pushes. Both give the same identity for the same
call: its `request_id` is the event's `id`, and both tell its start at least to the millisecond.
"""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import md5
from typing import Any, NamedTuple
from zlib import crc32

from usage.models import Status

Json = dict[str, Any]

SOURCE = "litellm"
# The gateway's clock may be wrong by hours; a day is a broken row.
_FUTURE = timedelta(days=1)
# There was no LiteLLM before; older times come from broken clocks.
_OLDEST = datetime(2020, 1, 1, tzinfo=UTC)
# In the ids of answers from the cache.
_HIT = "_cache_hit"
_HEALTH_CHECK = "litellm-internal-health-check"
_LARGEST_COUNT = 2**53
# Dollars for one call. More is no price.
_LARGEST_COST = 1e12
_LONGEST_ID = 255


class BadRow(Exception):
    """The row can't be counted. The text is the reason, as operators read it."""


class About(NamedTuple):
    """What a call was about. Many calls share it. '' = the gateway did not say."""

    token_hash: str
    key_alias: str
    team: str
    cost_center: str
    model: str
    backend_model: str
    provider: str
    deployment: str
    status: str
    error_class: str
    call_type: str
    tags: str


class Call(NamedTuple):
    """One call. Costs in US dollars; None is what the gateway did not say."""

    about: About
    identity: str
    request_id: str
    started_at: datetime
    ended_at: datetime | None
    figures_digest: int
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    cost: Decimal | float | None
    input_cost: Decimal | float | None
    output_cost: Decimal | float | None
    other_cost: Decimal | float | None
    latency_ms: int | None
    first_token_ms: int | None
    requests: int = 1


def is_health_check(row: Json) -> bool:
    """LiteLLM's own calls to see whether models answer: nobody's usage."""
    if row.get("api_key") == _HEALTH_CHECK or row.get("team_id") == _HEALTH_CHECK:
        return True
    tags = row.get("request_tags")
    return bool(tags) and _HEALTH_CHECK in (tags if tags.__class__ is list else listed(tags))


def read_row(row: Json, *, now: datetime) -> Call:
    """A row of /spend/logs/v2. Raises BadRow."""
    get = row.get
    started_at = start(moment(get("startTime")), now)
    metadata = mapping(get("metadata"))
    told = metadata.get
    about = about_of(
        get("api_key"),
        told("user_api_key_alias"),
        get("team_id") or told("user_api_key_team_id"),
        cost_center_of(metadata),
        # Up to 1.80 a failed call has no group; `model` is then what was asked for.
        get("model_group"),
        get("model"),
        get("custom_llm_provider"),
        get("model_id"),
        get("status"),
        mapping(told("error_information")).get("error_class"),
        get("call_type"),
        get("request_tags"),
    )
    return call(
        about,
        request_id=get("request_id"),
        started_at=started_at,
        ended_at=moment(get("endTime")),
        first_token_at=moment(get("completionStartTime")),
        duration_ms=get("request_duration_ms"),
        tokens=row,
        used=mapping(told("usage_object")),
        cost=get("spend"),
        breakdown=mapping(told("cost_breakdown")),
    )


def about_of(*told: Any) -> About:
    """What the call was about: as `About`, with what the gateway said. Remembered, as most calls are about few things."""
    *texts, tags = told
    if tags.__class__ is list:
        tags = tuple(tags)
    try:
        return _about(*texts, tags)
    except TypeError:
        # Something odd that can't be remembered.
        return _about.__wrapped__(*texts, told[-1])


@lru_cache(maxsize=16_384)
def _about(
    token_hash: Any,
    key_alias: Any,
    team: Any,
    cost_center: str,
    model_group: Any,
    model: Any,
    provider: Any,
    deployment: Any,
    status: Any,
    error_class: Any,
    call_type: Any,
    tags: Any,
) -> About:
    return About(
        word(token_hash, 128),
        word(key_alias, 255),
        word(team, 64),
        cost_center,
        word(model_group, 255) or word(model, 255),
        word(model, 255),
        word(provider, 100),
        word(deployment, 255),
        status_of(status),
        word(error_class, 100),
        word(call_type, 60),
        tags_of(list(tags) if tags.__class__ is tuple else tags),
    )


def call(
    about: About,
    *,
    request_id: Any,
    started_at: datetime,
    ended_at: datetime | None,
    first_token_at: datetime | None,
    duration_ms: Any,
    tokens: Json,
    used: Json,
    cost: Any,
    breakdown: Json,
) -> Call:
    """What both ways in have in common. Raises BadRow."""
    number = _request_id(request_id)
    prompt = _count(tokens.get("prompt_tokens"), "prompt tokens")
    completion = _count(tokens.get("completion_tokens"), "completion tokens")
    # Most are this, and each call of a function would cost as much as all of it.
    paid = cost if cost.__class__ is float and 0.0 <= cost < _LARGEST_COST else _cost(cost)
    details, outputs = used.get("prompt_tokens_details"), used.get("completion_tokens_details")
    is_failure = about.status != "success"
    return Call(
        about,
        identity_of(SOURCE, number if _HIT not in number else _hit(number, ended_at), started_at),
        number,
        started_at,
        ended_at,
        0 if is_failure else figures_digest(prompt, completion),
        prompt,
        completion,
        _whole(_count(tokens.get("total_tokens"), "total tokens"), prompt, completion),
        _kind(details, "cached_tokens", used.get("cache_read_input_tokens")),
        _kind(details, "cache_creation_tokens", used.get("cache_creation_input_tokens")),
        _kind(outputs, "reasoning_tokens", None),
        paid,
        *(_parts(breakdown) if breakdown else (None, None, None)),
        _latency(duration_ms, started_at, ended_at),
        None if is_failure else _span(started_at, first_token_at, ended_at),
    )


def identity_of(source: str, request_id: str, started_at: datetime) -> str:
    """A UUID that the same call has whichever way it comes."""
    text = f"{source}\0{request_id}\0{started_at.isoformat()}"
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _hit(request_id: str, ended_at: datetime | None) -> str:
    """An answer from the cache has the id of the first answer and a time that log and event take separately."""
    first = request_id.partition(_HIT)[0]
    return f"{first}{_HIT} {to_milliseconds(ended_at).isoformat() if ended_at else ''}"


def figures_digest(prompt: int | None, completion: int | None) -> int:
    """Tells calls of one identity apart, with the cost. What is not said counts as nothing: the ways in differ in that.

    Costs are compared when they are booked: log and event of one call may differ by the noise of binary floats.
    """
    return crc32(f"{prompt or 0}/{completion or 0}".encode())


def _request_id(value: Any) -> str:
    if not isinstance(value, str) or not (text := value.strip()):
        raise BadRow("no request id")
    if len(text) > _LONGEST_ID or not text.isprintable():
        raise BadRow("unreadable request id")
    return text


def start(found: datetime | None, now: datetime) -> datetime:
    """The start that is part of the identity: to the millisecond, rounded as the gateway's database does."""
    if found is None:
        raise BadRow("unreadable start time")
    if found > now + _FUTURE:
        raise BadRow("start time in the future")
    if found < _OLDEST:
        raise BadRow("start time before 2020")
    return to_milliseconds(found)


def to_milliseconds(moment: datetime) -> datetime:
    beyond = moment.microsecond % 1000
    if not beyond:
        return moment
    return moment + timedelta(microseconds=1000 - beyond if beyond >= 500 else -beyond)


def moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is UTC:
            return parsed
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _cost(value: Any) -> Decimal | float | None:
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
    if value >= _LARGEST_COST:
        raise BadRow("cost is not a number")
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip()) if len(text) < 60 else Decimal("NaN")
    except ArithmeticError:
        return Decimal("NaN")


def _parts(breakdown: Json) -> tuple[Decimal | float | None, Decimal | float | None, Decimal | float | None]:
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
        return value if -_LARGEST_COST < value < _LARGEST_COST else None
    return None


def _count(value: Any, what: str) -> int | None:
    if value is None or (value.__class__ is int and 0 <= value <= _LARGEST_COUNT):
        return value
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value) and value >= 0:
        return _count(int(value), what)
    raise BadRow(f"unreadable {what}")


def _whole(total: int | None, prompt: int | None, completion: int | None) -> int | None:
    """LiteLLM logs some embeddings with a total of 0, and adds up prompt and completion in its daily sums."""
    if total is None or prompt is None or completion is None:
        return total
    return total if total >= prompt + completion else prompt + completion


def _kind(details: Any, name: str, otherwise: Any) -> int | None:
    """A detail that is odd is unknown; it is no reason to lose the call."""
    if details.__class__ is dict:
        found = details.get(name)
        if found.__class__ is int and 0 <= found <= _LARGEST_COUNT:
            return found
    return None if otherwise is None else _optional_count(otherwise)


def _optional_count(value: Any) -> int | None:
    return value if value.__class__ is int and 0 <= value <= _LARGEST_COUNT else None


def _latency(reported: Any, started_at: datetime, ended_at: datetime | None) -> int | None:
    known = _optional_count(reported)
    if known is not None or ended_at is None or ended_at < started_at:
        return known
    return round((ended_at - started_at).total_seconds() * 1000)


def _span(started_at: datetime, first_token_at: datetime | None, ended_at: datetime | None) -> int | None:
    """To the first token. Outside of the call's own time it is no measurement."""
    if first_token_at is None or first_token_at < started_at:
        return None
    if ended_at is not None and first_token_at > ended_at:
        return None
    return round((first_token_at - started_at).total_seconds() * 1000)


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
