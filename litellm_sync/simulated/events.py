"""What the generic API callback pushes for a call: LiteLLM's StandardLoggingPayload."""

from typing import TYPE_CHECKING

from litellm_sync.simulated.clock import parse
from litellm_sync.simulated.shapes import Json, new

if TYPE_CHECKING:
    from litellm_sync.simulated.state import State

_SAME = (
    "call_type",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "model",
    "model_group",
    "model_id",
    "status",
)


def event(state: "State", key: Json, body: Json, facts: Json) -> Json:
    """`id` is the spend log's `request_id`: that is how push and pull meet."""
    ok = facts["status"] == "success"
    start, end, first = (parse(facts[name]).timestamp() for name in ("started", "ended", "first_token"))
    return new(
        "event",
        **{name: facts[name] for name in _SAME},
        id=facts["request_id"],
        litellm_call_id=facts["call_id"],
        trace_id=facts["session_id"],
        session_id="",
        stream=True if facts["stream"] else None,
        status_fields={"llm_api_status": facts["status"], "guardrail_status": "not_run"},
        custom_llm_provider=facts["provider"],
        startTime=start,
        endTime=end,
        completionStartTime=first,
        response_time=end - start,
        metadata=_metadata(state, key, facts),
        response_cost=facts["spend"],
        cost_breakdown=_costs(facts) if ok else None,
        request_tags=facts["tags"],
        end_user=facts["end_user"],
        api_base="",
        requester_ip_address=facts["ip"],
        user_agent=facts["agent"],
        messages=body.get("messages") or body.get("input"),
        response={},
        model_parameters={"stream": facts["stream"]},
        hidden_params=new("event_hidden", model_id=facts["model_id"], response_cost=facts["spend"]),
        model_map_information={
            "model_map_key": facts["model"],
            "model_map_value": {"key": facts["model_id"]},
        },
        error_str=None if ok else facts["error"]["error_message"],
        error_information=facts["error"] if not ok else _no_error(),
    )


def _metadata(state: "State", key: Json, facts: Json) -> Json:
    user = state.users.get(facts["user_id"] or "") or {}
    team = state.teams.get(facts["team_id"] or "") or {}
    usage = {name: facts[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    return new(
        "event_metadata",
        user_api_key_hash=facts["token"] or None,
        user_api_key_alias=facts["key_alias"],
        user_api_key_spend=key["spend"],
        user_api_key_max_budget=key["max_budget"],
        user_api_key_budget_reset_at=key["budget_reset_at"],
        user_api_key_user_spend=user.get("spend"),
        user_api_key_user_max_budget=user.get("max_budget"),
        user_api_key_team_spend=team.get("spend"),
        user_api_key_team_max_budget=team.get("max_budget"),
        user_api_key_team_id=facts["team_id"],
        user_api_key_user_id=facts["user_id"],
        user_api_key_team_alias=facts["team_alias"],
        user_api_key_user_email=facts["user_email"],
        user_api_key_end_user_id=facts["end_user"],
        user_api_key_request_route=facts["endpoint"],
        spend_logs_metadata=facts["logs_metadata"],
        requester_ip_address=facts["ip"],
        user_agent=facts["agent"],
        requester_metadata={},
        usage_object=usage if facts["status"] == "success" else {},
        # The key's and the team's own metadata, merged.
        user_api_key_auth_metadata={**(key["metadata"] or {}), **(team.get("metadata") or {})},
    )


def _costs(facts: Json) -> Json:
    spend = dict.fromkeys(("total_cost", "original_cost"), facts["spend"])
    return new("event_cost", input_cost=facts["input_cost"], output_cost=facts["output_cost"], **spend)


def _no_error() -> Json:
    texts = ("error_code", "error_class", "llm_provider", "traceback", "error_message")
    return new("error_information", **dict.fromkeys(texts, ""))
