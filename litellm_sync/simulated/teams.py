"""The gateway's teams and their members."""

import math
import uuid

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.budgets import schedule
from litellm_sync.simulated.http import Refusal, Request, refuse, refuse_in_detail, refuse_wrapped
from litellm_sync.simulated.key_admin import archive_key
from litellm_sync.simulated.memberships import join, leave, memberships, with_members
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import SHAPES, Json, new, view
from litellm_sync.simulated.state import State
from litellm_sync.simulated.validation import check_types, require

_SETTABLE = {
    "team_alias",
    "models",
    "metadata",
    "max_budget",
    "soft_budget",
    "budget_duration",
    "tpm_limit",
    "rpm_limit",
    "blocked",
    "organization_id",
}


@route("POST", "/team/new")
def create(state: State, caller: Caller, request: Request) -> Json:
    """The caller becomes an administrator of the team. Neither alias nor models are checked."""
    body = check_types(request.json())
    team_id = body.get("team_id") or str(uuid.uuid4())
    if team_id in state.teams:
        message = f"Team id = {team_id} already exists. Please use a different team id."
        raise refuse_wrapped(400, message)
    now = state.stamp()
    team = _save(state, new("team", team_id=team_id, created_at=now, updated_at=now), body)
    founder = {"user_id": caller.user_id, "role": "admin"}
    for member in [*(body.get("members_with_roles") or []), founder]:
        join(state, team, member, {})
    return view("team_new", state.save("teams", team_id, team))


@route("POST", "/team/update")
def update(state: State, _caller: Caller, request: Request) -> Json:
    """Unlike a key's, a team's `spend` can't be set."""
    body = check_types(request.json())
    team = _of_body(state, body, wrapped=True)
    team["updated_at"] = state.stamp()
    return {"team_id": team["team_id"], "data": _save(state, team, body)}


@route("GET", "/team/info")
def info(state: State, _caller: Caller, request: Request) -> Json:
    team_id = request.query.get("team_id", "")
    team = state.renewed("teams", team_id)
    if team is None:
        text = str({"message": f"Team not found, passed team id: {team_id}."})
        raise refuse(404, text, "invalid_request_error")
    named = [{**m, "user_alias": _alias(state, m["user_id"])} for m in team["members_with_roles"]]
    return {
        "team_id": team_id,
        "team_info": view("team_info", team, members_with_roles=named),
        "keys": [key for key in state.keys.values() if key["team_id"] == team_id],
        "team_memberships": [{**m, "budget_source": "none"} for m in memberships(state, team)],
    }


@route("GET", "/team/list")
def list_teams(state: State, _caller: Caller, request: Request) -> list[Json]:
    """All of them, with their keys."""
    user_id = request.query.get("user_id")
    return [with_members(state, team) for team in state.teams.values() if not user_id or _has(team, user_id)]


@route("GET", "/v2/team/list")
def list_teams_v2(state: State, _caller: Caller, request: Request) -> Json:
    page, size = request.number("page", 1), request.number("page_size", 10, 100)
    wanted, user_id = request.query.get("team_alias", "").lower(), request.query.get("user_id")
    found = [team for team in state.teams.values() if wanted in (team["team_alias"] or "").lower()]
    found = [team for team in found if not user_id or _has(team, user_id)]
    found.sort(key=lambda team: str(team["created_at"]), reverse=True)
    return {
        "teams": [_listed_v2(state, team) for team in found[(page - 1) * size : page * size]],
        "total": len(found),
        "page": page,
        "page_size": size,
        "total_pages": math.ceil(len(found) / size),
    }


@route("POST", "/team/delete")
def delete(state: State, caller: Caller, request: Request) -> Json:
    """Delete teams with their keys."""
    body = check_types(request.json())
    require(body, "team_ids")
    for team_id in body["team_ids"]:
        if team_id not in state.teams:
            raise refuse_in_detail(404, {"error": f"Team not found, passed team_id={team_id}"})
    for team_id in body["team_ids"]:
        _remove(state, team_id, caller)
    return {"deleted_teams": body["team_ids"]}


@route("POST", "/team/block")
def block(state: State, _caller: Caller, request: Request) -> Json:
    team = _of_body(state, check_types(request.json()), wrapped=True)
    return state.save("teams", team["team_id"], {**team, "blocked": True, "updated_at": state.stamp()})


@route("POST", "/team/unblock")
def unblock(state: State, _caller: Caller, request: Request) -> Json:
    team = _of_body(state, check_types(request.json()), wrapped=True)
    return state.save("teams", team["team_id"], {**team, "blocked": False, "updated_at": state.stamp()})


def team_of(state: State, body: Json) -> Json:
    return _of_body(state, body, wrapped=False)


def _of_body(state: State, body: Json, *, wrapped: bool) -> Json:
    require(body, "team_id")
    team = state.teams.get(body["team_id"])
    if team is None:
        raise _unknown(body["team_id"], wrapped=wrapped)
    return team


def _unknown(team_id: str, *, wrapped: bool) -> Refusal:
    if wrapped:
        return refuse_wrapped(404, f"Team not found, passed team_id={team_id}")
    message = f"Team doesn't exist in db. Team={team_id}. Create team via `/team/new` call."
    return refuse_in_detail(404, {"error": message})


def _save(state: State, team: Json, body: Json) -> Json:
    for name in _SETTABLE & body.keys():
        team[name] = body[name] if body[name] is not None else SHAPES["team"].get(name)
    for name in ("max_budget", "soft_budget"):
        if team[name] is not None:
            team[name] = float(team[name])
    if "budget_duration" in body:
        schedule(team, state.clock.now())
    return state.save("teams", team["team_id"], team)


def _alias(state: State, user_id: str) -> str | None:
    return (state.users.get(user_id) or {}).get("user_alias")


def _has(team: Json, user_id: str) -> bool:
    return any(member["user_id"] == user_id for member in team["members_with_roles"])


def _listed_v2(state: State, team: Json) -> Json:
    keys = sum(key["team_id"] == team["team_id"] for key in state.keys.values())
    own = {"spend": 0.0, "max_budget": None, "budget_reset_at": None}
    counts = {"members_count": len(team["members_with_roles"]), "keys_count": keys}
    return view("team_listed_v2", team, **counts, caller_membership=own)


def _remove(state: State, team_id: str, caller: Caller) -> None:
    team = state.teams[team_id]
    for token in [key["token"] for key in state.keys.values() if key["team_id"] == team_id]:
        archive_key(state, token, caller)
    for member in team["members_with_roles"]:
        leave(state, team, member["user_id"])
    state.remove("teams", team_id)
