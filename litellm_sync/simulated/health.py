"""Health, version and the list of paths."""

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.http import Request
from litellm_sync.simulated.routing import ROUTES, route
from litellm_sync.simulated.shapes import Json
from litellm_sync.simulated.state import State


@route("GET", "/health/liveliness", "/health/liveness", audience="public")
def liveliness(_state: State, _caller: Caller, _request: Request) -> str:
    return "I'm alive!"


@route("GET", "/health/readiness", audience="public")
def readiness(state: State, _caller: Caller, _request: Request) -> Json:
    if state.version.number >= (1, 109):
        return {"status": "healthy", "db": "connected"}
    return {"status": "connected", "db": "connected", **_details(state)}


@route("GET", "/health/readiness/details", since=(1, 91))
def readiness_details(state: State, _caller: Caller, _request: Request) -> Json:
    settings = {
        "use_aiohttp_transport": True,
        "log_level": "WARNING",
        "is_detailed_debug": False,
        "show_no_redis_warning": False,
        "show_env_credential_login_warning": False,
    }
    return {"status": "healthy", "db": "connected", **_details(state), **settings}


@route("GET", "/health")
def health(state: State, _caller: Caller, _request: Request) -> Json:
    """Every deployment is well: nothing is behind them that could fail."""
    well = [
        {"model": d["litellm_params"]["model"], "model_id": d["model_info"]["id"]}
        for d in state.deployments.values()
    ]
    return {
        "healthy_endpoints": well,
        "unhealthy_endpoints": [],
        "healthy_count": len(well),
        "unhealthy_count": 0,
    }


@route("GET", "/health/license", since=(1, 91))
def licence(state: State, _caller: Caller, _request: Request) -> Json:
    return {
        "has_license": state.is_enterprise,
        "license_type": "enterprise" if state.is_enterprise else "community",
        "expiration_date": None,
        "allowed_features": [],
        "limits": {"max_users": None, "max_teams": None},
    }


@route("GET", "/callbacks/list")
def callbacks(state: State, _caller: Caller, _request: Request) -> Json:
    return {"success": [], "failure": [], "success_and_failure": _callbacks(state)}


@route("GET", "/openapi.json", audience="public")
def openapi(state: State, _caller: Caller, _request: Request) -> Json:
    """Version and paths; what the operations take is LiteLLM's business."""
    paths: Json = {}
    for (method, path), entry in ROUTES.items():
        if state.version.number >= entry.since and not path.startswith("/_simulated"):
            paths.setdefault(path, {})[method.lower()] = {
                "responses": {"200": {"description": "Successful Response"}}
            }
    return {
        "openapi": "3.1.0",
        "info": {"title": "LiteLLM API", "version": state.version.name},
        "paths": paths,
    }


def _details(state: State) -> Json:
    return {"cache": None, "litellm_version": state.version.name, "success_callbacks": _callbacks(state)}


def _callbacks(state: State) -> list[str]:
    return ["generic_api"] if state.pushes else []
