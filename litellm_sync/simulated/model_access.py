"""Which models a key may call."""

from typing import TYPE_CHECKING

from litellm_sync.simulated.http import Refusal, refuse
from litellm_sync.simulated.shapes import Json

if TYPE_CHECKING:
    from litellm_sync.simulated.state import State


def usable_models(state: "State", key: Json) -> set[str] | None:
    """Public names, None for all. An empty list means all of them."""
    of_key = _named(state, key["models"], key)
    of_team = _of_team(state, key)
    if of_key is None or of_team is None:
        return of_key if of_team is None else of_team
    return of_key & of_team


def check_model(state: "State", key: Json, model: str) -> None:
    """Raises Refusal when the key or its team may not call this model."""
    of_key, of_team = _named(state, key["models"], key), _of_team(state, key)
    if of_key is not None and model not in of_key:
        raise _denied(state, model, "key")
    if of_team is not None and model not in of_team:
        raise _denied(state, model, "team")


def _of_team(state: "State", key: Json) -> set[str] | None:
    team = state.teams.get(key["team_id"] or "")
    return _named(state, team["models"], None) if team else None


def _named(state: "State", names: list[str], key: Json | None) -> set[str] | None:
    """The models that a list of names, groups and LiteLLM's special names stands for."""
    if not names or "all-proxy-models" in names:
        return None
    if "all-team-models" in names and key is not None:
        return _of_team(state, key)
    in_groups = {
        d["model_name"]
        for d in state.deployments.values()
        if set(d["model_info"].get("access_groups") or []) & set(names)
    }
    return {name for name in names if name != "no-default-models"} | in_groups


def _denied(state: "State", model: str, whose: str) -> Refusal:
    advice = "Check the models available to you and try again."
    text = f"is not available for this API key, or the model name is invalid. {advice}"
    status = state.version.model_denied_status
    return refuse(status, f"The requested model '{model}' {text}", f"{whose}_model_access_denied", "model")
