"""Model deployments."""

from collections.abc import Sequence
from typing import Any

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import Json, objects, record
from litellm_sync.errors import GatewayNotFound

_COSTS = ("input_cost_per_token", "output_cost_per_token")


class ModelCalls(Caller):
    def list_deployments(self, *, deadline: float | None = None) -> list[Json]:
        """Every deployment: `{model_name, litellm_params{…}, model_info{id, mode, …_cost_per_token, …}}`.

        Several can share a public `model_name`. Costs are US dollars per token, exact; absent or None means
        unknown, not 0.
        """
        answer = record(self._get("/model/info", deadline=deadline), "/model/info")
        return [_without_pretended_costs(row) for row in objects(answer.get("data"), "/model/info data")]

    def get_deployment(self, deployment_id: str, *, deadline: float | None = None) -> Json | None:
        """One row of `list_deployments`; None if unknown."""
        try:
            answer = self._get("/model/info", litellm_model_id=deployment_id, deadline=deadline)
        except GatewayNotFound:
            return None
        rows = objects(record(answer, "/model/info").get("data"), "/model/info data")
        return _without_pretended_costs(rows[0]) if rows else None

    def create_deployment(
        self, *, model_name: str, litellm_params: Json, model_info: Json, deadline: float | None = None
    ) -> Json:
        """Make a deployment in the gateway's database (STORE_MODEL_IN_DB). The id is `model_info["id"]`.

        The provider's key in `litellm_params` is stored encrypted and never shown again; the answer's texts are
        ciphertext. Raises GatewayRefused also for an id that is taken (500 "Failed to add model to db."): look with
        `get_deployment` before.
        """
        body = {"model_name": model_name, "litellm_params": litellm_params, "model_info": model_info}
        return self._post_for_record("/model/new", body, deadline=deadline)

    def update_deployment(
        self, deployment_id: str, *, remove: Sequence[str] = (), deadline: float | None = None, **body: Any
    ) -> Json:
        """Change `model_name`, `litellm_params` or `model_info` in part: what they don't name stays, and what they set to
        null, too, but for prices. `remove` names entries of `litellm_params` to take away; 1.109 and newer know it.

        Raises GatewayNotFound for an unknown one, GatewayRefused for one from the gateway's configuration file.
        """
        if remove:
            path = f"/model/{deployment_id}/update"
            return self._patch_for_record(
                path, {**body, "litellm_params_to_remove": list(remove)}, deadline=deadline
            )
        info = {**(body.pop("model_info", None) or {}), "id": deployment_id}
        return self._post_for_record("/model/update", {**body, "model_info": info}, deadline=deadline)

    def delete_deployment(self, deployment_id: str, *, deadline: float | None = None) -> bool:
        """Delete a deployment of the gateway's database. False when there was none, or when it comes from the gateway's
        configuration file: LiteLLM says the same to both."""
        try:
            self._post("/model/delete", {"id": deployment_id}, deadline=deadline)
        except GatewayNotFound:
            return False
        return True


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
