"""The fields of a key as LiteLLM names them. The applier and the reconciler ask here, so that they agree."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from apikeys import secrets
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync import windows

Json = dict[str, Any]
# Opens nothing, where an empty list would open everything.
NO_MODELS = ["no-default-models"]
_ALL_ROUTES = ["llm_api_routes"]
_ALWAYS = ["/models", "/v1/models", "/model/info", "/v1/model/info"]
_ROUTES = {
    "allowChatCompletions": ["/chat/completions", "/v1/chat/completions"],
    "allowEmbeddings": ["/embeddings", "/v1/embeddings"],
    "allowCompletions": ["/completions", "/v1/completions"],
}


def is_blocked(key: ApiKey, models: list[str]) -> bool:
    return key.is_blocked or not models or (key.owner is not None and not key.owner.is_active)


def desired_fields(
    key: ApiKey, row: ApiKeySecret, models: list[str], budget: Decimal | None
) -> dict[str, Any]:
    """What we decide of the gateway's key for this secret. Without `models` when the key opens nothing."""
    wanted: dict[str, Any] = {
        "key_alias": row.alias,
        "user_id": str(key.user_at_gateway) if key.user_at_gateway else None,
        "team_id": str(key.team_id) if key.team_id else None,
        "max_budget": budget,
        "soft_budget": key.soft_budget,
        "budget_duration": windows.at_gateway(key.budget_window),
        "tpm_limit": key.tpm_limit,
        "rpm_limit": key.rpm_limit,
        "max_parallel_requests": key.max_parallel_requests,
        "model_max_budget": _model_budgets(key),
        "allowed_routes": allowed_routes(key.permissions),
        "expires": key.expires_at,
        "metadata": metadata_of(key),
    }
    return wanted | ({"models": models} if models else {})


def row_fields(row: Json) -> Mapping[str, Any]:
    """The gateway's row under the names of `desired_fields`. Names in `metadata` that are not ours don't count."""
    metadata = row.get("metadata") or {}
    return {
        **row,
        "soft_budget": (row.get("litellm_budget_table") or {}).get("soft_budget", row.get("soft_budget")),
        "metadata": {name: metadata[name] for name in _OURS if name in metadata},
    }


# Tags of keys need a licence; here they are for the portal and for whoever reads the gateway's logs.
_OURS = ("portal", "portal_key_id", "portal_tags", "guardrails", "model_rpm_limit", "model_tpm_limit")


def metadata_of(key: ApiKey) -> dict[str, Any]:
    """LiteLLM keeps limits per model in here, and replaces it as a whole."""
    found = {
        "portal": "litemaas",
        "portal_key_id": str(key.pk),
        "portal_tags": key.tags,
        "guardrails": key.guardrails,
        "model_rpm_limit": key.model_rpm_limit,
        "model_tpm_limit": key.model_tpm_limit,
    }
    return {name: value for name, value in found.items() if value}


def allowed_routes(permissions: Mapping[str, bool]) -> list[str]:
    """All model calls, or where one kind is forbidden the others by name."""
    if all(permissions.get(name) is not False for name in _ROUTES):
        return _ALL_ROUTES
    named = [
        route for name, routes in _ROUTES.items() if permissions.get(name) is not False for route in routes
    ]
    return [*named, *_ALWAYS]


def _model_budgets(key: ApiKey) -> dict[str, Any]:
    return {
        name: {
            "budget_limit": Decimal(str(limit["budgetLimit"])),
            "time_period": windows.at_gateway(windows.read_window(limit["timePeriod"])),
        }
        for name, limit in key.model_max_budget.items()
    }


def create_body(
    key: ApiKey, row: ApiKeySecret, models: list[str], budget: Decimal | None, now: datetime
) -> dict[str, Any]:
    """The body of /key/generate, but for the secret. A key that may do less than `llm_api` is made closed."""
    wanted = desired_fields(key, row, models, budget)
    expires, routes = wanted.pop("expires"), wanted.pop("allowed_routes")
    body = {name: value for name, value in wanted.items() if value not in (None, {}, [])}
    if not models:
        body["models"] = NO_MODELS
    if expires is not None:
        body["duration"] = secrets.duration_until(expires, now)
    if row.carried_spend:
        body["spend"] = row.carried_spend
    blocked = is_blocked(key, models) or routes != _ALL_ROUTES
    return {**body, "key_type": "llm_api", "blocked": blocked}
