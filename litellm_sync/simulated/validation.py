"""Refuses bodies whose fields have the wrong type, as FastAPI does in LiteLLM."""

from typing import Any

from litellm_sync.simulated.http import invalid
from litellm_sync.simulated.shapes import Json

_WHOLE = ("tpm_limit", "rpm_limit", "tpd_limit", "max_parallel_requests")
_NUMBERS = ("max_budget", "soft_budget", "spend", "max_budget_in_team")
_TEXTS = (
    "key",
    "key_alias",
    "user_id",
    "user_email",
    "user_alias",
    "team_id",
    "team_alias",
    "duration",
    "budget_duration",
    "model_name",
)
_LISTS = ("models", "allowed_routes", "keys", "key_aliases", "user_ids", "team_ids", "teams")
_OBJECTS = ("metadata", "litellm_params", "model_info", "model_rpm_limit", "model_tpm_limit", "aliases")
_CHOICES = {
    "user_role": ("proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"),
    "key_type": ("default", "llm_api", "management", "read_only"),
}


def check_types(body: Json) -> Json:
    """`body` itself. Raises Refusal 422 for the first field of the wrong type; unknown fields pass."""
    for name, value in body.items():
        if value is not None:
            _check(name, value)
    return body


def require(body: Json, *names: str) -> None:
    for name in names:
        if body.get(name) is None:
            raise invalid("missing", ["body", name], "Field required")


def _check(name: str, value: Any) -> None:
    where = ["body", name]
    if name in _WHOLE and not _is_whole(value):
        raise invalid(
            "int_parsing", where, "Input should be a valid integer, unable to parse string as an integer"
        )
    if name in _NUMBERS and not _is_number(value):
        raise invalid(
            "float_parsing", where, "Input should be a valid number, unable to parse string as a number"
        )
    if name in _TEXTS and not isinstance(value, str):
        raise invalid("string_type", where, "Input should be a valid string")
    if name in _LISTS and not isinstance(value, list):
        raise invalid("list_type", where, "Input should be a valid list")
    if name in _OBJECTS and not isinstance(value, dict):
        raise invalid("dict_type", where, "Input should be a valid dictionary")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise invalid("literal_error", where, f"Input should be one of {', '.join(_CHOICES[name])}")


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        return value.lstrip("-").isdigit()
    return _is_number(value) and float(value).is_integer()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
