"""What every call of a model goes through: key, model, budgets, limits; and afterwards its cost."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litellm_sync.simulated.access import check_route, identify, secret_of, token_of
from litellm_sync.simulated.budgets import check_budgets
from litellm_sync.simulated.clock import with_offset
from litellm_sync.simulated.events import event
from litellm_sync.simulated.http import Refusal, Request, refuse
from litellm_sync.simulated.limits import Limit, admit, charge, headers, limits_of
from litellm_sync.simulated.model_access import check_model
from litellm_sync.simulated.model_admin import provider_of
from litellm_sync.simulated.shapes import Json, new
from litellm_sync.simulated.state import State

_REASONS = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILED",
    403: "MODEL_ACCESS_DENIED",
    422: "BUDGET_EXCEEDED",
    429: "RATE_LIMITED",
}
_NO_KEY = new("key", key_name=None)


@dataclass(slots=True)
class Call:
    """One call of a model, from its admission to its entry in the ledger."""

    state: State
    request: Request
    body: Json
    key: Json
    model: str
    call_type: str
    began: datetime
    call_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deployment: Json | None = None
    limits: list[Limit] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return self.request.path.removeprefix("/v1")

    def succeeded(self, request_id: str, prompt_tokens: int, completion_tokens: int) -> Json:
        """Book the call; its facts."""
        costs = _costs(self.deployment or {}, prompt_tokens, completion_tokens)
        tokens = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
        total = prompt_tokens + completion_tokens
        with self.state.lock:
            charge(self.state, self.limits, total)
            facts = {**self._facts(request_id), **tokens, **costs, "total_tokens": total, "status": "success"}
            return self._record(facts)

    def failed(self, refusal: Refusal) -> None:
        error = {
            "error_code": str(refusal.status),
            "error_class": "ProxyException",
            "traceback": "",
            "llm_provider": "",
            "normalized_error": f"{refusal.status}_{_REASONS.get(refusal.status, 'INTERNAL_ERROR')}",
        }
        with self.state.lock:
            facts = self._facts(self.call_id)
            facts["error"] = {**error, "error_message": refusal.message}
            self._record({**facts, "status": "failure"})

    def headers(self, spend: float | None) -> dict[str, str]:
        """`x-litellm-…` and rate limits. `spend` is None while a stream has only begun."""
        info = (self.deployment or {}).get("model_info", {})
        found = {
            "x-litellm-call-id": self.call_id,
            "x-litellm-model-id": str(info.get("id", "")),
            "x-litellm-model-group": self.model,
            "x-litellm-version": self.state.version.name,
            "x-litellm-key-spend": str(self.key["spend"]),
        }
        if spend is not None:
            found["x-litellm-response-cost"] = str(spend)
        if self.key["max_budget"] is not None:
            found["x-litellm-key-max-budget"] = str(self.key["max_budget"])
        with self.state.lock:
            return {**found, **dict(headers(self.state, self.limits))}

    def _record(self, facts: Json) -> Json:
        self.state.record(facts)
        if self.state.pushes:
            self.state.events.append(event(self.state, self.key, self.body, facts))
        return facts

    def _facts(self, request_id: str) -> Json:
        ended = self.state.clock.now()
        team = self.state.teams.get(self.key["team_id"] or "") or {}
        user = self.state.users.get(self.key["user_id"] or "") or {}
        metadata = self.body.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        agent = self.request.headers.get("user-agent", "")
        automatic = [f"User-Agent: {agent.partition('/')[0]}", f"User-Agent: {agent}"] if agent else []
        return {
            "request_id": request_id,
            "call_id": self.call_id,
            "call_type": self.call_type,
            "endpoint": self.endpoint,
            "asked_for": self.model,
            "token": self.key["token"],
            "key_alias": self.key["key_alias"],
            "user_id": self.key["user_id"],
            "user_email": user.get("user_email"),
            "team_id": self.key["team_id"],
            "team_alias": team.get("team_alias"),
            "end_user": self.body.get("user"),
            "tags": [*(metadata.get("tags") or []), *automatic],
            "logs_metadata": metadata.get("spend_logs_metadata"),
            "ip": self.request.ip,
            "agent": agent,
            "session_id": str(uuid.uuid4()),
            "started": with_offset(self.began),
            "first_token": with_offset(ended),
            "ended": with_offset(ended),
            "milliseconds": int((ended - self.began).total_seconds() * 1000),
            "stream": bool(self.body.get("stream")),
            **_model_facts(self),
            **dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0),
            **dict.fromkeys(("spend", "input_cost", "output_cost"), 0.0),
            "error": {},
        }


@contextmanager
def admitted(state: State, request: Request, call_type: str) -> Iterator[Call]:
    """A call that may go ahead. Raises Refusal, and notes it in the logs as LiteLLM does."""
    call = Call(
        state, request, _body(request), _claimed_key(state, request), "", call_type, state.clock.now()
    )
    call.model = str(call.body.get("model"))
    try:
        with state.lock:
            _admit(call)
        yield call
    except Refusal as refusal:
        call.failed(refusal)
        raise


@contextmanager
def running(call: Call) -> Iterator[None]:
    """Counts the call among the key's parallel requests."""
    with call.state.lock:
        call.state.in_flight[call.key["token"]] += 1
    try:
        yield
    finally:
        with call.state.lock:
            call.state.in_flight[call.key["token"]] -= 1


def _admit(call: Call) -> None:
    state, request = call.state, call.request
    deployments = [d for d in state.deployments.values() if d["model_name"] == call.model]
    call.deployment = deployments[0] if deployments else None
    caller = identify(state, request)
    call.key = caller.key or new("key", token=caller.token, user_id=caller.user_id)
    check_route(caller, "llm", request.path)
    check_model(state, call.key, call.model)
    check_budgets(state, call.key, is_free=bool(deployments) and all(_is_free(d) for d in deployments))
    call.limits = limits_of(state, call.key, call.model)
    admit(state, call.key, call.limits)
    if not deployments:
        raise _no_such_model(call)
    # Where several deployments share a name, they take turns.
    call.deployment = deployments[state.turns[call.model] % len(deployments)]
    state.turns[call.model] += 1


def _no_such_model(call: Call) -> Refusal:
    advice = "Call `/v1/models` to view available models for your key."
    message = f"{call.endpoint}: Invalid model name passed in model={call.model}. {advice}"
    refusal = refuse(400, message, "invalid_request_error")
    refusal.body["error"]["provider_specific_fields"] = {"error": message}
    return refusal


def require_field(call: Call, name: str) -> Any:
    value = call.body.get(name)
    if value is None:
        message = f"{call.endpoint}: Missing required parameter: '{name}'."
        raise refuse(
            400 if call.state.version.number >= (1, 109) else 500, message, "invalid_request_error", name
        )
    return value


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        text = f"Invalid JSON payload: {error}"
        raise refuse(400, text, "invalid_request_error", "request_body") from None
    if not isinstance(body, dict):
        text = "Invalid JSON payload: expected an object"
        raise refuse(400, text, "invalid_request_error", "request_body")
    return body


def _claimed_key(state: State, request: Request) -> Json:
    """What a refused call is logged under: the key if there is one, else the hash of whatever it came with."""
    secret = secret_of(request)
    token = token_of(secret) if secret else ""
    return state.keys.get(token) or {**_NO_KEY, "token": token}


def _costs(deployment: Json, prompt_tokens: int, completion_tokens: int) -> Json:
    """US dollars, in binary floats as LiteLLM reckons them."""
    params, info = deployment.get("litellm_params", {}), deployment.get("model_info", {})
    per_input = params.get("input_cost_per_token", info.get("input_cost_per_token")) or 0.0
    per_output = params.get("output_cost_per_token", info.get("output_cost_per_token")) or 0.0
    input_cost, output_cost = prompt_tokens * per_input, completion_tokens * per_output
    return {"input_cost": input_cost, "output_cost": output_cost, "spend": input_cost + output_cost}


def _is_free(deployment: Json) -> bool:
    params = deployment["litellm_params"]
    return bool(params.get("input_cost_per_token") == 0 and params.get("output_cost_per_token") == 0)


def _model_facts(call: Call) -> Json:
    deployment = call.deployment
    if deployment is None:
        return {"model": call.model, "model_id": "", "model_group": "", "provider": "", "mode": None}
    return {
        "model": deployment["litellm_params"]["model"],
        "model_id": deployment["model_info"]["id"],
        "model_group": call.model,
        "provider": provider_of(deployment),
        "mode": deployment["model_info"].get("mode"),
    }
