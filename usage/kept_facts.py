"""What is kept of a row that could not be read: which call it was, never prompts or answers."""

import math
from typing import Any

from usage.fields import Json, clean, mapping


def facts_to_keep(row: Json) -> Json:
    """All that a bad row needs to be read again: no prompts, no answers, nothing long."""
    kept = {name: _shortened(row[name]) for name in (*KEPT, *_OF_LINES) if row.get(name) is not None}
    metadata = {
        name: _shortened(value)
        for name, value in mapping(row.get("metadata")).items()
        if name in KEPT_METADATA and value
    }
    return {**kept, "metadata": metadata} if metadata else kept


KEPT = (
    *("request_id", "id", "startTime", "endTime", "completionStartTime", "model", "model_group", "model_id"),
    *("api_key", "team_id", "status", "spend", "response_cost", "cost_breakdown", "call_type"),
    *("custom_llm_provider", "prompt_tokens", "completion_tokens", "total_tokens", "request_duration_ms"),
    *("request_tags", "litellm_call_id"),
)
_OF_LINES = ("line_sha256", "line_bytes")
KEPT_METADATA = {
    *("user_api_key_hash", "user_api_key_alias", "user_api_key_team_id", "usage_object", "cost_breakdown"),
    *("cost_center", "spend_logs_metadata"),
}


def _shortened(value: Any) -> Any:
    """JSON that PostgreSQL takes, with what is no JSON number as a text."""
    if isinstance(value, dict):
        return {str(name)[:100]: _shortened(inner) for name, inner in list(value.items())[:50]}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value[:50]]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:300]
    if value.__class__ is float and math.isfinite(value):
        return value
    return clean(value)[:1000] if isinstance(value, str) else str(value)[:300]
