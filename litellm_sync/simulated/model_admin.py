"""Deployments: what there is, what it costs, and changing it."""

import math
import uuid
from typing import Any

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.http import Request, refuse_in_detail, refuse_wrapped
from litellm_sync.simulated.model_access import usable_models
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import SHAPES, Json, new
from litellm_sync.simulated.state import State
from litellm_sync.simulated.validation import check_types, require

_COSTS = ("input_cost_per_token", "output_cost_per_token")
_SECRETS = {"api_key", "aws_secret_access_key", "vertex_credentials"}
# LiteLLM gives this constant for every model.
_CREATED = 1677610602


@route("GET", "/model/info", "/v1/model/info", audience="llm")
def model_info(state: State, caller: Caller, request: Request) -> Json:
    """One row per deployment that the caller may use."""
    wanted = request.query.get("litellm_model_id")
    if wanted and wanted not in state.deployments:
        raise refuse_in_detail(400, {"error": f"Model id = {wanted} not found on litellm proxy"})
    rows = [d for d in _shown(state, caller, request) if wanted in (None, "", d["model_info"]["id"])]
    return {"data": [_for_caller(state, caller, d) for d in rows]}


@route("GET", "/v2/model/info")
def model_info_v2(state: State, caller: Caller, request: Request) -> Json:
    page, size = request.number("page", 1), request.number("size", 50)
    search = request.query.get("search", "").lower()
    found = [d for d in _shown(state, caller, request) if search in d["model_name"].lower()]
    return {
        "data": [public_deployment(state, d) for d in found[(page - 1) * size : page * size]],
        "total_count": len(found),
        "current_page": page,
        "total_pages": math.ceil(len(found) / size),
        "size": size,
    }


@route("GET", "/v1/models", "/models", audience="llm")
def openai_models(state: State, caller: Caller, request: Request) -> Json:
    """OpenAI's list: the public names that the caller may use."""
    first = {d["model_name"]: d for d in reversed(_shown(state, caller, request))}
    return {"data": [_openai_model(first[name]) for name in reversed(first)], "object": "list"}


@route("GET", "/model_group/info")
def model_groups(state: State, caller: Caller, request: Request) -> Json:
    """One row per public name, with the range of its deployments."""
    groups: dict[str, list[Json]] = {}
    for deployment in _shown(state, caller, request):
        groups.setdefault(deployment["model_name"], []).append(deployment)
    wanted = request.query.get("model_group")
    return {"data": [_group(state, name, rows) for name, rows in groups.items() if wanted in (None, name)]}


@route("POST", "/model/new")
def create(state: State, caller: Caller, request: Request) -> Json:
    body = check_types(request.json())
    require(body, "model_name", "litellm_params")
    model_id = (body.get("model_info") or {}).get("id") or str(uuid.uuid4())
    if model_id in state.deployments:
        raise refuse_wrapped(
            500,
            "Failed to add model to db. Check your server logs for more details.",
            "internal_server_error",
        )
    deployment = {
        "model_name": body["model_name"],
        "litellm_params": body["litellm_params"],
        "model_info": {**(body.get("model_info") or {}), "id": model_id, "db_model": True},
        "created_at": state.stamp(),
        "created_by": caller.user_id,
    }
    return _save(state, deployment, caller)


@route("POST", "/model/update")
def update(state: State, caller: Caller, request: Request) -> Json:
    body = check_types(request.json())
    return _merge(state, caller, (body.get("model_info") or {}).get("id"), body)


@route("PATCH", "/model/{model_id}/update")
def patch(state: State, caller: Caller, request: Request) -> Json:
    return _merge(state, caller, request.parts["model_id"], check_types(request.json()))


@route("POST", "/model/delete")
def delete(state: State, _caller: Caller, request: Request) -> Json:
    body = request.json()
    require(body, "id")
    deployment = state.deployments.get(body["id"])
    if deployment is None or not deployment["model_info"]["db_model"]:
        raise refuse_wrapped(400, f"Model with id={body['id']} not found in db")
    state.remove("deployments", body["id"])
    return {"message": f"Model: {body['id']} deleted successfully"}


def public_deployment(state: State, deployment: Json) -> Json:
    """A row of /model/info: without credentials; unknown facts are null, before 1.109 unknown costs are 0."""
    params = {k: v for k, v in deployment["litellm_params"].items() if k not in _SECRETS}
    costs = {name: params[name] for name in _COSTS if name in params}
    info = deployment["model_info"]
    if state.version.knows_unknown_prices:
        facts: Json = {"pricing_overrides": list(costs)}
    else:
        facts = {name: 0 for name in _COSTS if name not in costs}
    facts |= {
        "key": params["model"],
        "litellm_provider": provider_of(deployment),
        "max_tokens": info.get("max_output_tokens"),
        "supported_openai_params": SHAPES["openai_params"],
    }
    return {
        "model_name": deployment["model_name"],
        "litellm_params": new("model_params", **params),
        "model_info": new("model_info", **facts, **costs, member_auto_router=False, **info),
    }


def _for_caller(state: State, caller: Caller, deployment: Json) -> Json:
    """With how the caller comes to use it."""
    row = public_deployment(state, deployment)
    row["model_info"]["direct_access"] = True
    if deployment["model_info"]["db_model"]:
        row["model_info"]["blocked"] = False
    if caller.user_id is not None:
        teams = (state.users.get(caller.user_id) or {}).get("teams", [])
        row["model_info"]["access_via_team_ids"] = [
            pk for pk in teams if _has_model(state.teams[pk], deployment)
        ]
    return row


def _has_model(team: Json, deployment: Json) -> bool:
    return not team["models"] or deployment["model_name"] in team["models"]


def provider_of(deployment: Json) -> str:
    return str(deployment["litellm_params"]["model"]).partition("/")[0]


def _shown(state: State, caller: Caller, request: Request) -> list[Json]:
    rows = list(state.deployments.values())
    rows = rows[: math.floor(len(rows) * request.model_share)]
    if caller.key is None or caller.is_admin:
        return rows
    usable = usable_models(state, caller.key)
    return [d for d in rows if usable is None or d["model_name"] in usable]


def _openai_model(deployment: Json) -> Json:
    info = deployment["model_info"]
    known = {n: info[n] for n in ("mode", "max_input_tokens", "max_output_tokens") if info.get(n) is not None}
    return {
        "id": deployment["model_name"],
        "object": "model",
        "created": _CREATED,
        "owned_by": "openai",
        **known,
    }


def _group(state: State, name: str, rows: list[Json]) -> Json:
    infos = [public_deployment(state, row)["model_info"] for row in rows]
    facts: dict[str, Any] = {cost: _best(infos, cost, max) for cost in _COSTS}
    for limit in ("max_input_tokens", "max_output_tokens"):
        most = _best(infos, limit, max)
        facts[limit] = None if most is None else float(most)
    for feature in ("supports_vision", "supports_function_calling", "supports_reasoning"):
        facts[feature] = any(info.get(feature) for info in infos)
    texts = {
        name: next((info[name] for info in infos if info.get(name)), None) for name in ("mode", "description")
    }
    providers = sorted({provider_of(row) for row in rows})
    return new(
        "model_group",
        **facts,
        **texts,
        model_group=name,
        providers=providers,
        supported_openai_params=SHAPES["openai_params"],
    )


def _best(infos: list[Json], name: str, choose: Any) -> Any:
    known = [info[name] for info in infos if info.get(name) is not None]
    return choose(known) if known else None


def _merge(state: State, caller: Caller, model_id: str | None, body: Json) -> Json:
    deployment = state.deployments.get(model_id or "")
    if deployment is None:
        raise refuse_wrapped(400, f"Model with id={model_id} not found in db")
    if not deployment["model_info"]["db_model"]:
        raise refuse_wrapped(
            400, "Can't edit model. Model in config. Store model in db via `/model/new`. to edit."
        )
    kept = {k: v for k, v in (body.get("model_info") or {}).items() if k != "id"}
    params = body.get("litellm_params") or {}
    cleared = {k for k, v in {**params, **kept}.items() if v is None and k in _COSTS}
    gone = cleared | set(body.get("litellm_params_to_remove") or ())
    gone = gone if state.version.removes_model_params else set()
    merged = {
        **deployment,
        "model_name": body.get("model_name") or deployment["model_name"],
        "litellm_params": _merged(deployment["litellm_params"], params, gone),
        "model_info": _merged(deployment["model_info"], kept, cleared & gone),
    }
    return _save(state, merged, caller)


def _merged(before: Json, changes: Json, gone: set[str]) -> Json:
    """What is set to null stays as it was."""
    merged = {**before, **{name: value for name, value in changes.items() if value is not None}}
    return {name: value for name, value in merged.items() if name not in gone}


def _save(state: State, deployment: Json, caller: Caller) -> Json:
    """Store it; the database row in which LiteLLM would have encrypted what is text."""
    model_id = deployment["model_info"]["id"]
    state.save("deployments", model_id, deployment)
    params = new("model_params", **deployment["litellm_params"])
    return {
        "model_id": model_id,
        "model_name": deployment["model_name"],
        "litellm_params": {k: "encrypted" if isinstance(v, str) else v for k, v in params.items()},
        "model_info": {"member_auto_router": False, **deployment["model_info"], "db_model": False},
        "blocked": False,
        "created_at": deployment["created_at"],
        "created_by": deployment["created_by"],
        "updated_at": state.stamp(),
        "updated_by": caller.user_id,
    }
