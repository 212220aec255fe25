"""What tests steer the simulated gateway with:

/_simulated/…, for the master key only. LiteLLM has nothing like it.
"""

from typing import TYPE_CHECKING, Any

from litellm_sync.simulated.access import secret_of
from litellm_sync.simulated.http import Refusal, Reply, Request, refuse, refuse_in_detail
from litellm_sync.simulated.shapes import Json
from litellm_sync.simulated.state import State

if TYPE_CHECKING:
    from litellm_sync.simulated.faults import Faults

PREFIX = "/_simulated/"


def steer(state: State, faults: "Faults", request: Request) -> Reply:
    """GET state, GET/POST/DELETE faults, POST reset."""
    try:
        if secret_of(request) != state.master_key:
            raise refuse(401, "The master key is needed.", "auth_error")
        return Reply(200, _steer(state, faults, request))
    except Refusal as refusal:
        return Reply(refusal.status, refusal.body)


def _steer(state: State, faults: "Faults", request: Request) -> Any:
    match request.method, request.path.removeprefix(PREFIX):
        case "GET", "state":
            return describe(state)
        case "GET", "faults":
            return faults.active()
        case "POST", "faults":
            return _add_fault(faults, request)
        case "DELETE", "faults":
            faults.clear()
            return []
        case "POST", "reset":
            faults.clear()
            state.reset()
            return {}
    raise refuse_in_detail(404, "Not Found")


def describe(state: State) -> Json:
    """All rows, how many calls were logged, and the requests so far as "METHOD /path"."""
    with state.lock:
        state.settle()
        return {
            "keys": list(state.keys.values()),
            "deleted_keys": list(state.archive.values()),
            "users": list(state.users.values()),
            "teams": list(state.teams.values()),
            "deployments": [d["model_info"]["id"] for d in state.deployments.values()],
            "logs": len(state.ledger.rows),
            "calls": list(state.calls),
        }


def _add_fault(faults: "Faults", request: Request) -> Json:
    try:
        return faults.add(**request.json()).public()
    except (TypeError, ValueError) as error:
        raise refuse_in_detail(422, str(error)) from None
