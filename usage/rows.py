"""Reads one call as LiteLLM tells it (seen on 1.80 to 1.109) into a record of the ledger, or says why it can't.

This file reads rows of the spend log, `usage.events` what the callback pushes. Both give the same identity for the same
call: its `request_id` is the event's `id`, and both tell its start at least to the millisecond.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import md5
from typing import Any, NamedTuple
from zlib import crc32

from usage.fields import (
    LARGEST_COST,
    BadRow,
    Json,
    cost_center_of,
    cost_of,
    count_of,
    kind_of_tokens,
    listed,
    mapping,
    moment,
    optional_count,
    parts_of_cost,
    status_of,
    tags_of,
    to_milliseconds,
    word,
)

SOURCE = "litellm"
# The gateway's clock may be wrong by hours; a day is a broken row.
_FUTURE = timedelta(days=1)
# There was no LiteLLM before; older times come from broken clocks.
_OLDEST = datetime(2020, 1, 1, tzinfo=UTC)
# In the ids of answers from the cache.
_HIT = "_cache_hit"
_HEALTH_CHECK = "litellm-internal-health-check"
_LONGEST_ID = 255


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
    prompt = count_of(tokens.get("prompt_tokens"), "prompt tokens")
    completion = count_of(tokens.get("completion_tokens"), "completion tokens")
    # Most are this, and each call of a function would cost as much as all of it.
    paid = cost if cost.__class__ is float and 0.0 <= cost < LARGEST_COST else cost_of(cost)
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
        _whole(count_of(tokens.get("total_tokens"), "total tokens"), prompt, completion),
        kind_of_tokens(details, "cached_tokens", used.get("cache_read_input_tokens")),
        kind_of_tokens(details, "cache_creation_tokens", used.get("cache_creation_input_tokens")),
        kind_of_tokens(outputs, "reasoning_tokens", None),
        paid,
        *(parts_of_cost(breakdown) if breakdown else (None, None, None)),
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


def _whole(total: int | None, prompt: int | None, completion: int | None) -> int | None:
    """LiteLLM logs some embeddings with a total of 0, and adds up prompt and completion in its daily sums."""
    if total is None or prompt is None or completion is None:
        return total
    return total if total >= prompt + completion else prompt + completion


def _latency(reported: Any, started_at: datetime, ended_at: datetime | None) -> int | None:
    known = optional_count(reported)
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
