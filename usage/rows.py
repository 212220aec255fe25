"""Reads one spend-log row of LiteLLM (seen on 1.80 to 1.109) into a record of the ledger, or says why it can't."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from usage.models import COST_DIGITS, COST_PLACES, Status

Json = dict[str, Any]

SOURCE = "litellm"
# The gateway's clock may be wrong by hours; a day is a broken row.
_FUTURE = timedelta(days=1)
# There was no LiteLLM before; older times come from broken clocks.
_OLDEST = datetime(2020, 1, 1, tzinfo=UTC)
_HEALTH_CHECK = "litellm-internal-health-check"
_LARGEST_COUNT = 2**53
_STEP = Decimal(1).scaleb(-COST_PLACES)
_EXACT = Context(prec=COST_DIGITS)


class BadRow(Exception):
    """The row can't be counted. The text is the reason, as operators read it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One call. Costs in US dollars; NULLs are what the gateway did not say."""

    request_id: str
    started_at: datetime
    ended_at: datetime | None
    model: str
    provider: str
    deployment: str
    token_hash: str
    status: str
    error_class: str
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost: Decimal | None
    latency_ms: int | None
    call_type: str
    tags: list[str] = field(default_factory=list)
    source: str = SOURCE


def is_health_check(row: Json) -> bool:
    """LiteLLM's own calls to see whether models answer: nobody's usage."""
    return _HEALTH_CHECK in (row.get("api_key"), row.get("team_id"), *_list(row.get("request_tags")))


def read_row(row: Json, *, now: datetime) -> Record:
    """Raises BadRow."""
    started_at = _start(row.get("startTime"), now)
    ended_at = _moment(row.get("endTime"))
    metadata = _object(row.get("metadata"))
    used = _object(metadata.get("usage_object"))
    return Record(
        request_id=_request_id(row.get("request_id")),
        started_at=started_at,
        ended_at=ended_at,
        # Up to 1.80 a failed call has no group; `model` is then what was asked for.
        model=_text(row.get("model_group"), 255) or _text(row.get("model"), 255),
        provider=_text(row.get("custom_llm_provider"), 100),
        deployment=_text(row.get("model_id"), 255),
        token_hash=_text(row.get("api_key"), 128),
        status=_status(row.get("status")),
        error_class=_text(_object(metadata.get("error_information")).get("error_class"), 100),
        prompt_tokens=_count(row.get("prompt_tokens"), "prompt tokens"),
        completion_tokens=_count(row.get("completion_tokens"), "completion tokens"),
        total_tokens=_count(row.get("total_tokens"), "total tokens"),
        cached_tokens=_cached(used),
        reasoning_tokens=_detail(used, "completion_tokens_details", "reasoning_tokens"),
        cost=_cost(row.get("spend")),
        latency_ms=_latency(row.get("request_duration_ms"), started_at, ended_at),
        call_type=_text(row.get("call_type"), 60),
        tags=_tags(row.get("request_tags")),
    )


def facts_to_keep(row: Json) -> Json:
    """What says which call a bad row was: no prompts, no answers, nothing long."""
    names = (
        "request_id",
        "startTime",
        "endTime",
        "model",
        "model_group",
        "model_id",
        "api_key",
        "status",
        "spend",
    )
    counts = ("prompt_tokens", "completion_tokens", "total_tokens", "call_type", "custom_llm_provider")
    return {name: _text(str(row[name]), 300) for name in (*names, *counts) if row.get(name) is not None}


def _request_id(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise BadRow("no request id")
    if len(text) > 255 or text != _clean(text):
        raise BadRow("unreadable request id")
    return text


def _start(value: Any, now: datetime) -> datetime:
    moment = _moment(value)
    if moment is None:
        raise BadRow("unreadable start time")
    if moment > now + _FUTURE:
        raise BadRow("start time in the future")
    if moment < _OLDEST:
        raise BadRow("start time before 2020")
    return moment


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _cost(value: Any) -> Decimal | None:
    """Every digit that was reported. NULL stays unknown: it is not zero."""
    if value is None:
        return None
    try:
        cost = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
        if not cost.is_finite():
            raise BadRow("cost is not a number")
        if cost < 0:
            raise BadRow("negative cost")
        return cost.quantize(_STEP, context=_EXACT)
    except InvalidOperation:
        raise BadRow("cost is not a number") from None


def _count(value: Any, what: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        raise BadRow(f"unreadable {what}")
    return value


def _optional_count(value: Any) -> int | None:
    """A detail that is odd is unknown; it is no reason to lose the call."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT
    return value if is_count else None


def _detail(used: Json, group: str, name: str) -> int | None:
    return _optional_count(_object(used.get(group)).get(name))


def _cached(used: Json) -> int | None:
    found = _detail(used, "prompt_tokens_details", "cached_tokens")
    return _optional_count(used.get("cache_read_input_tokens")) if found is None else found


def _latency(reported: Any, started_at: datetime, ended_at: datetime | None) -> int | None:
    known = _optional_count(reported)
    if known is not None or ended_at is None or ended_at < started_at:
        return known
    return round((ended_at - started_at) / timedelta(milliseconds=1))


def _status(value: Any) -> str:
    return value if value in {Status.SUCCESS, Status.FAILURE} else Status.UNKNOWN.value


def _tags(value: Any) -> list[str]:
    """What people tagged; LiteLLM adds the user agent by itself."""
    texts = (_text(tag, 255) for tag in _list(value))
    return sorted({text for text in texts if text and not text.startswith("User-Agent: ")})[:50]


def _text(value: Any, longest: int) -> str:
    return _clean(value)[:longest] if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """PostgreSQL stores neither NUL nor halves of surrogate pairs."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def _object(value: Any) -> Json:
    """Some versions write JSON columns as text."""
    found = _parsed(value)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:
    found = _parsed(value)
    return found if isinstance(found, list) else []


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
