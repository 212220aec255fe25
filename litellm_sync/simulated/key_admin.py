"""Reading, listing, blocking and deleting keys."""

import math
import uuid
from collections.abc import Iterable

from litellm_sync.simulated.access import Caller, token_of
from litellm_sync.simulated.http import Reply, Request, refuse, refuse_in_detail, refuse_wrapped
from litellm_sync.simulated.keys import key_to_change
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import Json, view
from litellm_sync.simulated.state import State
from litellm_sync.simulated.validation import check_types, require
from litellm_sync.simulated.versions import NEWER_KEY_FIELDS


@route("GET", "/key/info", audience="self")
def info(state: State, caller: Caller, request: Request) -> Json:
    """A key's row; without `key` the caller's own."""
    asked = request.query.get("key") or (caller.key or {}).get("token", "")
    token = token_of(asked)
    key = state.renewed("keys", token)
    if not caller.is_admin and token != caller.token:
        raise refuse_in_detail(403, "You are not allowed to access this key's info.")
    if key is not None:
        row = {name: value for name, value in key.items() if name != "token"}
        return {"key": asked, "info": _for_version(state, {**row, "status": status_of(state, key)})}
    archived = state.archive.get(token)
    if archived is None or not state.version.keeps_deleted_keys:
        raise refuse(404, "Key not found in database", "not_found_error", "key")
    return {"key": asked, "info": view("key_archived", archived, status="deleted")}


@route("GET", "/key/list", audience="self")
def list_keys(state: State, caller: Caller, request: Request) -> Json:
    """Newest first. `size` is at most 100."""
    page, size = request.number("page", 1), request.number("size", 10, 100)
    query = request.query if caller.is_admin else {**request.query, "user_id": caller.user_id or ""}
    deleted = query.get("status") == "deleted"
    source = state.archive.values() if deleted else state.keys.values()
    found = sorted(_filtered(source, query), key=lambda key: str(key["created_at"]), reverse=True)
    rows = found[(page - 1) * size : page * size]
    full = query.get("return_full_object", "false").lower() == "true"
    return {
        "keys": [_listed(state, key, deleted=deleted) for key in rows]
        if full
        else [key["token"] for key in rows],
        "total_count": len(found),
        "current_page": page,
        "total_pages": math.ceil(len(found) / size),
    }


@route("GET", "/key/aliases")
def list_aliases(state: State, _caller: Caller, request: Request) -> Json:
    page, size = request.number("page", 1), request.number("size", 50, 100)
    wanted = request.query.get("search", "").lower()
    found = sorted(alias for alias in state.aliases if wanted in alias.lower())
    return {
        "aliases": found[(page - 1) * size : page * size],
        "total_count": len(found),
        "current_page": page,
        "total_pages": math.ceil(len(found) / size),
        "size": size,
    }


@route("POST", "/key/block")
def block(state: State, _caller: Caller, request: Request) -> Json:
    return view("key_blocked", _set_blocked(state, request, blocked=True))


@route("POST", "/key/unblock")
def unblock(state: State, _caller: Caller, request: Request) -> Json:
    return _set_blocked(state, request, blocked=False)


@route("POST", "/key/delete", audience="self")
def delete(state: State, caller: Caller, request: Request) -> Json:
    """404 only when none of the keys exists; a mix is reported as deleted as a whole."""
    body = check_types(request.json())
    named = [*(body.get("keys") or []), *(body.get("key_aliases") or [])]
    tokens = [token_of(str(name)) for name in body.get("keys") or []]
    tokens += [state.aliases[alias] for alias in body.get("key_aliases") or [] if alias in state.aliases]
    mine = [token for token in tokens if token in state.keys and _may_delete(caller, state.keys[token])]
    if not mine:
        raise refuse_wrapped(404, "No keys found")
    for token in mine:
        archive_key(state, token, caller)
    return {"deleted_keys": named}


@route("POST", "/key/{key}/reset_spend", since=(1, 91))
def reset_spend(state: State, _caller: Caller, request: Request) -> Json:
    body = request.json()
    require(body, "reset_to")
    key = key_to_change(state, request.parts["key"])
    before, key["spend"] = key["spend"], float(body["reset_to"])
    state.counters.forget("keys", key["token"])
    state.save("keys", key["token"], key)
    return {
        "key_hash": key["token"],
        "spend": key["spend"],
        "previous_spend": before,
        "max_budget": key["max_budget"],
        "budget_reset_at": key["budget_reset_at"],
    }


@route("POST", "/key/health", audience="self")
def health(_state: State, _caller: Caller, _request: Request) -> Reply:
    return Reply(200, {"key": "healthy", "logging_callbacks": None})


def status_of(state: State, key: Json) -> str:
    if key["blocked"]:
        return "revoked"
    return "expired" if key["expires"] and key["expires"] <= state.stamp() else "active"


def archive_key(state: State, token: str, caller: Caller) -> None:
    """Take a live key out of use; 1.109 keeps what it was."""
    key = state.remove("keys", token)
    if key is not None:
        gone = {"id": str(uuid.uuid4()), "deleted_at": state.stamp(), "deleted_by": caller.user_id}
        state.save("archive", token, {**key, **gone, "deleted_by_api_key": caller.token})


def _set_blocked(state: State, request: Request, *, blocked: bool) -> Json:
    body = check_types(request.json())
    require(body, "key")
    key = key_to_change(state, body["key"])
    key["blocked"] = blocked
    key["settings_updated_at"] = key["updated_at"] = state.stamp()
    return state.save("keys", key["token"], key)


def _filtered(keys: Iterable[Json], query: dict[str, str]) -> list[Json]:
    wanted = {name: query[name] for name in ("user_id", "team_id", "key_alias") if query.get(name)}
    if query.get("key_hash"):
        wanted["token"] = query["key_hash"]
    return [key for key in keys if all(key[name] == value for name, value in wanted.items())]


def _listed(state: State, key: Json, *, deleted: bool) -> Json:
    if deleted:
        return view("key_archived", key, token=key["token"])
    return _for_version(state, view("key_listed", key))


def _for_version(state: State, row: Json) -> Json:
    if state.version.number >= (1, 91):
        return row
    return {name: value for name, value in row.items() if name not in NEWER_KEY_FIELDS}


def _may_delete(caller: Caller, key: Json) -> bool:
    return caller.is_admin or key["user_id"] == caller.user_id
