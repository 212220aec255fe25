"""Reads what LiteLLM's generic API callback pushes: StandardLoggingPayload, seen on 1.80 to 1.109."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from usage.fields import Json, cost_center_of, mapping, moment, status_of
from usage.rows import Call, about_of, call, start


def is_event(row: Json) -> bool:
    """Events name the call `id`, rows of the spend log `request_id`."""
    return "id" in row and "request_id" not in row


def read_event(event: Json, *, now: datetime) -> Call:
    """Raises BadRow."""
    get = event.get
    metadata = mapping(get("metadata"))
    status = status_of(get("status"))
    about = about_of(
        metadata.get("user_api_key_hash"),
        metadata.get("user_api_key_alias"),
        metadata.get("user_api_key_team_id"),
        cost_center_of(metadata),
        get("model_group"),
        get("model"),
        get("custom_llm_provider"),
        get("model_id"),
        status,
        mapping(get("error_information")).get("error_class"),
        get("call_type"),
        get("request_tags"),
    )
    return call(
        about,
        request_id=get("id"),
        started_at=start(_at(get("startTime")), now),
        ended_at=_at(get("endTime")),
        first_token_at=_at(get("completionStartTime")),
        duration_ms=None,
        tokens=event,
        used=mapping(metadata.get("usage_object")),
        cost=_cost(get("response_cost"), status),
        breakdown=mapping(get("cost_breakdown")),
    )


_SECONDS = re.compile(r"[0-9]{1,11}(\.[0-9]{1,30})?")


def health_check_marks(event: Json) -> Json:
    """The event's own names for what marks a health check in a row."""
    metadata = mapping(event.get("metadata"))
    return {
        "api_key": metadata.get("user_api_key_hash"),
        "team_id": metadata.get("user_api_key_team_id"),
        "request_tags": event.get("request_tags"),
    }


def _at(value: Any) -> datetime | None:
    """Seconds since 1970, as a number or as what was kept of one, or a text."""
    if value.__class__ is str and _SECONDS.fullmatch(value):
        value = float(value)
    if isinstance(value, float | Decimal) or value.__class__ is int:
        seconds = float(value)
        if not math.isfinite(seconds) or not 0 <= seconds < 1e11:
            return None
        return datetime.fromtimestamp(seconds, UTC)
    return moment(value)


def _cost(value: Any, status: str) -> Any:
    """The spend log writes 0 for a failure, and so do we: nothing was answered, nothing is charged."""
    return 0 if value is None and status == "failure" else value
