"""The gateway's users."""

import math
import uuid

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.http import Request, refuse, refuse_in_detail, refuse_wrapped
from litellm_sync.simulated.key_admin import archive_key
from litellm_sync.simulated.keys import make_key
from litellm_sync.simulated.memberships import leave, with_members
from litellm_sync.simulated.people import id_by_email, new_user, save_user
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import SHAPES, Json, view
from litellm_sync.simulated.state import State
from litellm_sync.simulated.validation import check_types, require


@route("POST", "/user/new")
def create(state: State, caller: Caller, request: Request) -> Json:
    """Makes a key too, unless `auto_create_key` is false."""
    body = check_types(request.json())
    user_id = body.get("user_id") or str(uuid.uuid4())
    _refuse_duplicate(state, user_id, body.get("user_email"))
    user = save_user(state, new_user(state, user_id), body)
    fields = {"user_id": user_id, "max_budget": user["max_budget"], "models": user["models"]}
    if body.get("auto_create_key", True):
        answer = {
            **make_key(state, caller, {"user_id": user_id}),
            "token": None,
            "token_id": None,
            "key_type": None,
        }
    else:
        answer = view("key_generated", {**user, "key": ""}, key_type=None, created_by=None, updated_by=None)
    own = {name: user[name] for name in SHAPES["user_created"]}
    return {**answer, **fields, **own, "teams": user["teams"] or None}


@route("POST", "/user/update")
def update(state: State, _caller: Caller, request: Request) -> Json:
    """Creates a user that does not exist, as LiteLLM does."""
    body = check_types(request.json())
    user_id = body.get("user_id") or id_by_email(state, body.get("user_email"))
    if user_id is None:
        raise refuse_wrapped(400, "Either user_id or user_email must be provided")
    user = state.users.get(user_id) or new_user(state, user_id)
    if "spend" in body:
        state.counters.forget("users", user_id)
        user["spend"] = float(body["spend"] or 0)
    user["updated_at"] = state.stamp()
    return {"user_id": user_id, "data": {**save_user(state, user, body), "organization_memberships": None}}


@route("GET", "/user/info", audience="self")
def info(state: State, caller: Caller, request: Request) -> Json:
    user_id = request.query.get("user_id") or caller.user_id or ""
    user = state.renewed("users", user_id)
    if not caller.is_admin and user_id != caller.user_id:
        raise refuse_in_detail(403, {"error": "Not allowed to view this user's info"})
    if user is None:
        raise _not_found(user_id)
    keys = [key for key in state.keys.values() if key["user_id"] == user_id]
    asked_for = "user_id" in request.query
    teams = [state.teams[team_id] for team_id in user["teams"] if team_id in state.teams]
    aliases = {team["team_id"]: team["team_alias"] for team in teams}
    return {
        "user_id": user_id,
        "user_info": {**user, "model_max_budget_usage": {}} if asked_for else user,
        "keys": [{**key, "team_alias": aliases.get(key["team_id"])} for key in keys],
        "teams": [with_members(state, team) if asked_for else view("team_new", team) for team in teams],
        "admin_mcp_permissions": None,
    }


@route("GET", "/v2/user/info", since=(1, 91))
def info_v2(state: State, _caller: Caller, request: Request) -> Json:
    user = state.renewed("users", request.query.get("user_id"))
    if user is None:
        raise _not_found(request.query.get("user_id", ""))
    return view("user_v2", user)


@route("GET", "/user/list", audience="self")
def list_users(state: State, caller: Caller, request: Request) -> Json:
    """Newest first. `page_size` is at most 100."""
    if not caller.is_admin:
        message = "Only proxy admins and organization admins can list users."
        raise refuse_in_detail(state.version.non_admin_list_status, {"error": message})
    page, size = request.number("page", 1), request.number("page_size", 25, 100)
    found = [user for user in state.users.values() if _is_wanted(user, request.query)]
    found.sort(key=lambda user: str(user["created_at"]), reverse=True)
    return {
        "users": [_listed(state, user) for user in found[(page - 1) * size : page * size]],
        "total": len(found),
        "page": page,
        "page_size": size,
        "total_pages": math.ceil(len(found) / size),
    }


@route("POST", "/user/delete")
def delete(state: State, caller: Caller, request: Request) -> int:
    """Delete users with their keys and memberships; how many."""
    body = check_types(request.json())
    require(body, "user_ids")
    for user_id in body["user_ids"]:
        if user_id not in state.users:
            raise refuse_in_detail(404, {"error": f"User not found, passed user_id={user_id}"})
    for user_id in body["user_ids"]:
        _remove(state, user_id, caller)
    return len(body["user_ids"])


def _not_found(user_id: str) -> Exception:
    return refuse(404, f"User {user_id} not found", "invalid_request_error")


def _refuse_duplicate(state: State, user_id: str, email: str | None) -> None:
    if user_id in state.users:
        raise refuse_wrapped(409, f"User with id {user_id} already exists")
    if id_by_email(state, email) is not None:
        raise refuse_wrapped(409, f"User with email {email} already exists")


def _is_wanted(user: Json, query: dict[str, str]) -> bool:
    ids = query.get("user_ids")
    return (
        (not ids or user["user_id"] in ids.split(","))
        and query.get("user_email", "").lower() in (user["user_email"] or "").lower()
        and query.get("role") in (None, user["user_role"])
    )


def _listed(state: State, user: Json) -> Json:
    count = sum(key["user_id"] == user["user_id"] for key in state.keys.values())
    return view("user_listed", user, organization_memberships=None, key_count=count)


def _remove(state: State, user_id: str, caller: Caller) -> None:
    for token in [key["token"] for key in state.keys.values() if key["user_id"] == user_id]:
        archive_key(state, token, caller)
    for team in list(state.teams.values()):
        if any(member["user_id"] == user_id for member in team["members_with_roles"]):
            leave(state, team, user_id)
    state.remove("users", user_id)
