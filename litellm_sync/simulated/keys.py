"""Making and changing keys: /key/generate and /key/update."""

import secrets
from typing import Any

from litellm_sync.simulated.access import Caller, not_an_admin, token_of
from litellm_sync.simulated.budgets import schedule
from litellm_sync.simulated.clock import zulu
from litellm_sync.simulated.durations import length
from litellm_sync.simulated.http import Refusal, Request, refuse, refuse_wrapped
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import SHAPES, Json, new, view
from litellm_sync.simulated.state import State
from litellm_sync.simulated.validation import check_types, require

_ROUTES_OF_TYPE = {
    "llm_api": ["llm_api_routes"],
    "management": ["management_routes"],
    "read_only": ["info_routes"],
}
_SETTABLE = {
    "key_alias",
    "user_id",
    "team_id",
    "models",
    "aliases",
    "metadata",
    "max_budget",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "blocked",
    "allowed_routes",
    "permissions",
    "organization_id",
    "model_max_budget",
}
_PER_MODEL = ("model_rpm_limit", "model_tpm_limit")


@route("POST", "/key/generate", audience="self")
def generate(state: State, caller: Caller, request: Request) -> Json:
    """Make a key. One that exists with this very secret is answered for as if new, and left as it was."""
    body = check_types(request.json())
    _check_owner(caller, body, request.path)
    return make_key(state, caller, body)


@route("POST", "/key/service-account/generate")
def generate_for_service(state: State, caller: Caller, request: Request) -> Json:
    body = check_types(request.json())
    require(body, "team_id")
    metadata = {**(body.get("metadata") or {}), "service_account_id": body.get("key_alias")}
    return make_key(state, caller, {**body, "user_id": None, "metadata": metadata})


@route("POST", "/key/update")
def update(state: State, _caller: Caller, request: Request) -> Json:
    """Absent = unchanged, null = cleared, metadata replaced."""
    body = check_types(request.json())
    require(body, "key")
    key = key_to_change(state, body["key"])
    _check_values(state, body)
    _check_alias(state, body, key["token"])
    _apply(state, key, body)
    if state.version.number >= (1, 109) and "soft_budget" in body:
        _set_soft_budget(state, key, body)
    key["settings_updated_at"] = key["updated_at"] = state.stamp()
    state.save("keys", key["token"], key)
    return {"key": body["key"], **key, "litellm_budget_table": None}


def make_key(state: State, caller: Caller, body: Json) -> Json:
    _check_values(state, body)
    secret = body.get("key") or f"sk-{secrets.token_urlsafe(16)}"
    _check_secret(state, secret)
    token = token_of(secret)
    _check_alias(state, body, None)
    key = _fresh(state, caller, token, f"sk-...{secret[-4:]}")
    _apply(state, key, body)
    _set_soft_budget(state, key, body)
    if token not in state.keys:
        state.save("keys", token, key)
    return _generated(key, body, secret)


def key_to_change(state: State, secret_or_hash: Any) -> Json:
    """The live key. Raises Refusal 404, in 1.80 a 401."""
    key = state.keys.get(token_of(str(secret_or_hash)))
    if key is None:
        raise _unknown(state, token_of(str(secret_or_hash)))
    return key


def _unknown(state: State, token: str) -> Refusal:
    if state.version.unknown_key_change_status == 404:
        return refuse(404, "Key not found.", "not_found_error", "key")
    message = f"invalid user key - user key does not exist in db. User Key={token}"
    return refuse(401, f"Authentication Error: {message}", "auth_error")


def _fresh(state: State, caller: Caller, token: str, key_name: str) -> Json:
    now, who = state.stamp(), caller.user_id
    return new(
        "key", token=token, key_name=key_name, created_at=now, updated_at=now, created_by=who, updated_by=who
    )


def _generated(key: Json, body: Json, secret: str) -> Json:
    created = {
        "token_id": key["token"],
        "token": key["token"],
        "key": secret,
        "duration": body.get("duration"),
    }
    return view("key_generated", {**key, **created})


def _apply(state: State, key: Json, body: Json) -> None:
    for name in _SETTABLE & body.keys():
        empty = SHAPES["key"].get(name)
        key[name] = body[name] if body[name] is not None else empty
    for name in ("max_budget", "spend"):
        if body.get(name) is not None:
            key[name] = float(body[name])
    for name in _PER_MODEL:
        if body.get(name):
            key["metadata"] = {**key["metadata"], name: body[name]}
    if body.get("key_type"):
        key["key_type"] = body["key_type"]
        key["allowed_routes"] = _ROUTES_OF_TYPE.get(body["key_type"], [])
    if "duration" in body:
        key["expires"] = _expiry(state, body["duration"])
    _set_budget_duration(state, key, body)
    if "spend" in body:
        state.counters.forget("keys", key["token"])


def _set_budget_duration(state: State, key: Json, body: Json) -> None:
    if "budget_duration" not in body or (body["budget_duration"] is None and state.version.number < (1, 91)):
        return
    key["budget_duration"] = body["budget_duration"]
    schedule(key, state.clock.now())


def _set_soft_budget(state: State, key: Json, body: Json) -> None:
    """A soft budget only alerts. LiteLLM keeps it in a budget row of its own."""
    soft, now = body.get("soft_budget"), state.stamp()
    if key["litellm_budget_table"]:
        changed = {"soft_budget": soft if soft is None else float(soft), "updated_at": now}
        key["litellm_budget_table"] = {**key["litellm_budget_table"], **changed}
        return
    if soft is None:
        return
    key["budget_id"] = secrets.token_hex(8)
    key["litellm_budget_table"] = new(
        "budget",
        budget_id=key["budget_id"],
        soft_budget=float(soft),
        created_at=now,
        updated_at=now,
    )


def _expiry(state: State, duration: str | None) -> str | None:
    if duration is None or duration == "-1":
        return None
    try:
        return zulu(state.clock.now() + length(duration))
    except ValueError:
        raise refuse(500, "Invalid duration format", "internal_server_error") from None


def _check_values(state: State, body: Json) -> None:
    if body.get("tags") and not state.is_enterprise:
        raise _enterprise(
            403, "This feature is only available for LiteLLM Enterprise users: tags.", "auth_error"
        )
    if body.get("model_max_budget") and not state.is_enterprise:
        text = "Invalid model_max_budget: You must have an enterprise license to set model_max_budget."
        raise _enterprise(500, text, "internal_server_error")
    if body.get("budget_id"):
        # There are no shared budgets here, so every id is unknown.
        raise refuse_wrapped(500, "Internal Server Error.", "internal_server_error")
    _check_budget(state, body)
    if body.get("duration") is not None:
        _expiry(state, body["duration"])


def _check_budget(state: State, body: Json) -> None:
    budget, duration = body.get("max_budget"), body.get("budget_duration")
    if budget is not None and budget < 0:
        message = f"max_budget must be a non-negative finite number. Received: {float(budget)}"
        raise refuse_wrapped(400, message)
    if duration is None or not state.version.checks_budget_duration:
        return
    try:
        length(duration)
    except ValueError:
        advice = "Use a format like '1h', '24h', '7d', or '30d'."
        raise refuse_wrapped(400, f"Invalid budget_duration '{duration}'. {advice}") from None


def _check_secret(state: State, secret: str) -> None:
    if not secret.startswith("sk-"):
        masked = f"{secret[:4]}****{secret[-4:]}"
        message = f"LiteLLM Virtual Key must start with 'sk-'. Received: {masked}"
        raise refuse_wrapped(400, f"Invalid key format. {message}")
    if state.version.checks_secret_length and len(secret) < 16:
        message = "LiteLLM Virtual Key must be at least 16 characters long."
        raise refuse_wrapped(400, f"Invalid key format. {message}")


def _check_alias(state: State, body: Json, own_token: str | None) -> None:
    """An alias is taken by any other live key; for a new key even by one with the same secret."""
    alias = body.get("key_alias")
    if not alias:
        return
    if state.aliases.get(alias, own_token) != own_token:
        text = "Unique key aliases across all keys are required."
        message = f"Key with alias '{alias}' already exists. {text}"
        raise refuse(400, message, "bad_request_error", "key_alias")


def _check_owner(caller: Caller, body: Json, path: str) -> None:
    if caller.is_admin:
        return
    if caller.user_id is None:
        raise not_an_admin(caller, path)
    wanted = body.setdefault("user_id", caller.user_id)
    if wanted != caller.user_id:
        message = f"User can only create keys for themselves. Got user_id={wanted}, Your ID={caller.user_id}"
        raise refuse(403, message, "auth_error")


def _enterprise(status: int, text: str, kind: str) -> Refusal:
    licence = "You must be a LiteLLM Enterprise user to use this feature."
    return refuse(status, f"{text} {licence}", kind)
