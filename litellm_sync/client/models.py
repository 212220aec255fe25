"""Model deployments."""

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import Json, objects, record


class ModelCalls(Caller):
    def list_deployments(self, *, deadline: float | None = None) -> list[Json]:
        """Every deployment: `{model_name, litellm_params{…}, model_info{id, mode, …_cost_per_token, …}}`.

        Several can share a public `model_name`. Costs are US dollars per token, exact; absent or None means
        unknown, not 0.
        """
        answer = record(self._get("/model/info", deadline=deadline), "/model/info")
        return objects(answer.get("data"), "/model/info data")
