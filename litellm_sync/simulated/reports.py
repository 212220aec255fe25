"""Spend logs: one row per call."""

import math
import random
import zlib
from collections.abc import Mapping
from datetime import datetime

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.clock import parse, zulu
from litellm_sync.simulated.faults import Fault
from litellm_sync.simulated.http import Request, refuse
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import Json, new
from litellm_sync.simulated.state import State

_MOST_COUNTED = 10_000
_FILTERS = {
    "api_key": "token",
    "user_id": "user_id",
    "team_id": "team_id",
    "request_id": "request_id",
    "end_user": "end_user",
    "model": "model",
    "model_id": "model_id",
    "model_group": "model_group",
    "key_alias": "key_alias",
    "status_filter": "status",
}
# What a failure's row lacks: before 1.109 the model, in 1.80 also whose call it was and what went wrong.
_NO_MODEL = {**dict.fromkeys(("call_type", "model_id", "model_group", "provider"), ""), "mode": None}
_NO_OWNER = {
    **dict.fromkeys(("user_id", "team_id"), ""),
    **dict.fromkeys(("key_alias", "team_alias", "user_email")),
}


@route("GET", "/spend/logs/v2", audience="self")
def spend_logs(state: State, caller: Caller, request: Request) -> Json:
    """Newest first unless asked otherwise; both ends of the window are inside it."""
    page = request.number("page", 1)
    size = request.number("page_size", 50, state.version.largest_log_page)
    rows = state.ledger.between(_moment(request, "start_date"), _moment(request, "end_date"))
    rows = [facts for facts in rows if _matches(facts, _filters(caller, request))]
    if not (state.version.orders_logs and request.query.get("sort_order") == "asc"):
        rows.reverse()
    return _troubled(state, rows, page, size, request.log_faults)


def _troubled(state: State, rows: list[Json], page: int, size: int, faults: Mapping[str, Fault]) -> Json:
    """The page, with what gateways were seen to do wrong."""
    if "shuffle_logs" in faults:
        random.Random(len(state.calls)).shuffle(rows)  # noqa: S311
    if "repeat_logs" in faults:
        rows = [facts for facts in rows for _time in range(2)]
    most = faults["cap_logs"].rows if "cap_logs" in faults else _MOST_COUNTED
    answer = _page(state, rows, page, size, most)
    if "drop_log_pages" in faults and page > 1:
        answer["data"] = []
    if "share_ids" in faults:
        for row in answer["data"]:
            # The same calls each time.
            if zlib.crc32(row["request_id"].encode()) % 20 == 0:
                row["request_id"] = "None"
    if "spoil_logs" in faults and answer["data"]:
        answer["data"][0]["spend"] = math.nan
    return answer


def log_row(state: State, facts: Json) -> Json:
    """A row of /spend/logs/v2."""
    facts = _as_known(state, facts)
    return new(
        "log",
        request_id=facts["request_id"],
        call_type=facts["call_type"],
        api_key=facts["token"],
        spend=facts["spend"] or 0,
        total_tokens=facts["total_tokens"],
        prompt_tokens=facts["prompt_tokens"],
        completion_tokens=facts["completion_tokens"],
        startTime=facts["started"],
        endTime=facts["ended"],
        completionStartTime=facts["first_token"],
        model=_provider_model(state, facts),
        model_id=facts["model_id"],
        model_group=facts["model_group"],
        custom_llm_provider=facts["provider"],
        api_base="",
        user=facts["user_id"] or "",
        metadata=_metadata(facts),
        cache_hit="False",
        cache_key="Cache OFF",
        request_tags=facts["tags"],
        team_id=facts["team_id"] or "",
        organization_id="",
        end_user=facts["end_user"] or "",
        requester_ip_address=facts["ip"],
        session_id=facts["session_id"],
        status=facts["status"],
        litellm_call_id=facts["call_id"],
        request_duration_ms=facts["milliseconds"],
    )


def _as_known(state: State, facts: Json) -> Json:
    """The facts as this version writes them down."""
    if facts["status"] != "success" and not state.version.names_failed_models:
        facts = {**facts, **_NO_MODEL, "model": facts["asked_for"]}
    if facts["status"] != "success" and not state.version.attributes_failures:
        facts = {**facts, **_NO_OWNER, "error": {**facts["error"], "error_message": ""}}
    if state.version.logs_in_zulu:
        facts = {**facts, **{name: zulu(parse(facts[name])) for name in ("started", "ended", "first_token")}}
    return facts


def _page(state: State, rows: list[Json], page: int, size: int, most: int) -> Json:
    total, capped = len(rows), False
    if state.version.caps_log_total and total > most:
        total, capped = most, True
    answer = {
        "data": [log_row(state, facts) for facts in rows[(page - 1) * size : page * size]],
        "total": total,
        "page": page,
        "page_size": size,
        "total_pages": math.ceil(total / size),
    }
    return {**answer, "total_is_capped": capped} if state.version.caps_log_total else answer


def _filters(caller: Caller, request: Request) -> dict[str, str]:
    wanted = {fact: request.query[name] for name, fact in _FILTERS.items() if request.query.get(name)}
    return wanted if caller.is_admin else {**wanted, "user_id": caller.user_id or ""}


def _matches(facts: Json, wanted: dict[str, str]) -> bool:
    return all(facts[name] == value for name, value in wanted.items())


def _moment(request: Request, name: str) -> str:
    text = request.query.get(name)
    if not text:
        raise refuse(400, "Start date and end date are required", "bad_request")
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            return f"{datetime.strptime(text, form):%Y-%m-%dT%H:%M:%S}.000+00:00"  # noqa: DTZ007 - it is UTC
        except ValueError:
            continue
    message = f"Invalid date format: {text}. Expected: 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'"
    raise refuse(400, message, "invalid_request_error")


def _provider_model(state: State, facts: Json) -> str:
    """1.109 writes "openai/gpt-4o", older versions "gpt-4o"."""
    model = str(facts["model"])
    return model if state.version.prefixes_models else model.partition("/")[2] or model


def _metadata(facts: Json) -> Json:
    ok = facts["status"] == "success"
    return new(
        "log_metadata",
        status=None if ok else "failure",
        user_agent=facts["agent"],
        usage_object=_usage(facts) if ok else {},
        user_api_key=facts["token"] or None,
        cost_breakdown=_costs(facts) if ok else None,
        litellm_call_id=facts["call_id"],
        error_information=None if ok else new("error_information", **facts["error"]),
        user_api_key_alias=facts["key_alias"],
        spend_logs_metadata=facts["logs_metadata"],
        original_model_group=facts["model_group"] if ok else None,
        requester_ip_address=facts["ip"],
        user_api_key_team_id=facts["team_id"],
        user_api_key_user_id=facts["user_id"],
        model_map_information=_model_map(facts),
        additional_usage_values={"prompt_tokens_details": None, "completion_tokens_details": None},
        user_api_key_team_alias=facts["team_alias"],
        user_api_key_user_email=facts["user_email"],
        used_client_oauth_token=False,
        proxy_server_request=None,
    )


def _usage(facts: Json) -> Json:
    tokens = {name: facts[name] for name in ("total_tokens", "prompt_tokens", "completion_tokens")}
    return {**tokens, "prompt_tokens_details": None, "completion_tokens_details": None}


def _costs(facts: Json) -> Json:
    spend = dict.fromkeys(("total_cost", "original_cost"), facts["spend"])
    return new("cost_breakdown", input_cost=facts["input_cost"], output_cost=facts["output_cost"], **spend)


def _model_map(facts: Json) -> Json:
    return {
        "model_map_key": facts["model"],
        "model_map_value": {"key": facts["model_id"], "mode": facts["mode"]},
    }
