"""Model deployments."""

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import Json, objects, record

_COSTS = ("input_cost_per_token", "output_cost_per_token")


class ModelCalls(Caller):
    def list_deployments(self, *, deadline: float | None = None) -> list[Json]:
        """Every deployment: `{model_name, litellm_params{…}, model_info{id, mode, …_cost_per_token, …}}`.

        Several can share a public `model_name`. Costs are US dollars per token, exact; absent or None means
        unknown, not 0.
        """
        answer = record(self._get("/model/info", deadline=deadline), "/model/info")
        return [_without_pretended_costs(row) for row in objects(answer.get("data"), "/model/info data")]


def _without_pretended_costs(row: Json) -> Json:
    """The row, with None for a cost that the gateway does not know.

    Until 1.91 LiteLLM writes a bare 0 for it (seen on 1.80.17 and 1.91.5; 1.109 writes null, and has
    `pricing_overrides`, by which it is told apart here). A cost that was set to 0 is in `litellm_params`, one that the
    cost map gives as free is written 0.0.
    """
    info, params = row.get("model_info"), row.get("litellm_params")
    if not isinstance(info, dict) or not isinstance(params, dict) or "pricing_overrides" in info:
        return row
    pretended = [name for name in _COSTS if _is_bare_zero(info.get(name)) and name not in params]
    return {**row, "model_info": {**info, **dict.fromkeys(pretended)}} if pretended else row


def _is_bare_zero(value: object) -> bool:
    return type(value) is int and value == 0
