"""/chat/completions and /embeddings: answers that need no model, priced like real ones."""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from litellm_sync.simulated import tokens
from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.calls import Call, admitted, require_field, running
from litellm_sync.simulated.http import Reply, Request, refuse
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import Json
from litellm_sync.simulated.state import State

_CHUNK_WORDS = 3
_DEFAULT_VECTOR = 256
# What LiteLLM 1.109 counts for any `mock_response`.
_MOCK_TOKENS = 20


@route("POST", "/chat/completions", "/v1/chat/completions", audience="llm", is_call=True)
def chat(state: State, _caller: Caller, request: Request) -> Reply:
    with admitted(state, request, "acompletion") as call:
        messages = _messages(call)
        choice, completion_tokens = _choice(call, messages)
        request_id, prompt_tokens = f"chatcmpl-{uuid.uuid4()}", tokens.of_chat(messages)
        usage = _usage(prompt_tokens, completion_tokens)
        if call.body.get("stream"):
            chunks = _stream(call, request_id, choice, usage)
            return Reply(200, None, call.headers(None), chunks)
        with running(call):
            facts = call.succeeded(request_id, prompt_tokens, completion_tokens)
        answer = {"object": "chat.completion", "choices": [choice], "usage": usage}
        return Reply(200, {**_head(call, request_id), **answer}, call.headers(facts["spend"]))


@route("POST", "/embeddings", "/v1/embeddings", audience="llm", is_call=True)
def embeddings(state: State, _caller: Caller, request: Request) -> Reply:
    with admitted(state, request, "aembedding") as call:
        given = require_field(call, "input")
        texts = (
            given if isinstance(given, list) and not all(isinstance(item, int) for item in given) else [given]
        )
        prompt_tokens = tokens.of_input(given)
        facts = call.succeeded(call.call_id, prompt_tokens, 0)
        rows = [
            {"embedding": _vector(call, text), "index": at, "object": "embedding"}
            for at, text in enumerate(texts)
        ]
        details = {"completion_tokens_details": None, "prompt_tokens_details": None}
        answer = {
            "model": call.model,
            "data": rows,
            "object": "list",
            "usage": {**_usage(prompt_tokens, 0), **details},
        }
        return Reply(200, answer, call.headers(facts["spend"]))


@route("POST", "/utils/token_counter", audience="llm")
def count_tokens(_state: State, _caller: Caller, request: Request) -> Json:
    """By our own rule of thumb. Nothing is called, and nothing charged."""
    body = request.json()
    messages = body.get("messages")
    found = (
        tokens.of_chat(messages) if isinstance(messages, list) else tokens.of_input(body.get("prompt") or "")
    )
    named = {"request_model": body.get("model"), "model_used": body.get("model")}
    return {"total_tokens": found, **named, "tokenizer_type": "simulated"}


def _stream(call: Call, request_id: str, choice: Json, usage: Json) -> Iterator[bytes]:
    """Server-sent events. The call is booked when the stream ends, also when the client has gone by then."""
    head = {**_head(call, request_id), "object": "chat.completion.chunk"}
    with running(call):
        try:
            for delta in _deltas(choice["message"]):
                yield _event({**head, "choices": [{"index": 0, "delta": delta}]})
            last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
            yield _event({**head, "choices": [last]})
        finally:
            facts = call.succeeded(request_id, usage["prompt_tokens"], usage["completion_tokens"])
    if (call.body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": {**usage, **_usage_details(usage, facts["spend"])}})
    yield b"data: [DONE]\n\n"


def _deltas(message: Json) -> Iterator[Json]:
    if message.get("tool_calls"):
        calls = [{"index": at, **call} for at, call in enumerate(message["tool_calls"])]
        yield {"role": "assistant", "tool_calls": calls}
        return
    words = str(message["content"]).split(" ")
    for at in range(0, len(words), _CHUNK_WORDS):
        text = (" " if at else "") + " ".join(words[at : at + _CHUNK_WORDS])
        yield {"content": text} if at else {"role": "assistant", "content": text}


def _choice(call: Call, messages: list[Any]) -> tuple[Json, int]:
    """The one choice of the answer and its tokens."""
    tool = _forced_tool(call.body)
    if tool is not None:
        function = {"name": tool, "arguments": "{}"}
        made = [{"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}]
        message: Json = {"content": None, "role": "assistant", "tool_calls": made}
        return {"finish_reason": "tool_calls", "index": 0, "message": message}, tokens.of_text(
            json.dumps(made)
        )
    text, reason = _shortened(_text(call, messages), call.body)
    choice = {"finish_reason": reason, "index": 0, "message": {"content": text, "role": "assistant"}}
    is_mock = "mock_response" in (call.deployment or {})["litellm_params"]
    return choice, _MOCK_TOKENS if is_mock else tokens.of_text(text)


def _text(call: Call, messages: list[Any]) -> str:
    given = (call.deployment or {})["litellm_params"].get("mock_response")
    if isinstance(given, str):
        return given
    words = tokens.last_words(messages).strip()
    return f"This is the simulated gateway, answering as {call.model}. You wrote: {words}"


def _shortened(text: str, body: Json) -> tuple[str, str]:
    """Cut where `max_tokens` says."""
    most = body.get("max_tokens") or body.get("max_completion_tokens")
    if isinstance(most, int) and tokens.of_text(text) > most:
        return text[: most * 4], "length"
    return text, "stop"


def _forced_tool(body: Json) -> str | None:
    """The tool that must be called, None when the model may just talk."""
    choice, tools = body.get("tool_choice"), body.get("tools")
    if not isinstance(tools, list) or not tools or choice in (None, "auto", "none"):
        return None
    named = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    return str(named or tools[0].get("function", {}).get("name"))


def _messages(call: Call) -> list[Any]:
    messages = require_field(call, "messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        text = f"{call.endpoint}: Invalid type for 'messages': expected an array of objects."
        raise refuse(400, text, "invalid_request_error", "messages")
    return messages


def _vector(call: Call, value: Any) -> list[float]:
    """The same text always gets the same vector, of length 1."""
    params, info = (call.deployment or {})["litellm_params"], (call.deployment or {})["model_info"]
    given = params.get("mock_response")
    if isinstance(given, list):
        return given
    size = call.body.get("dimensions") or info.get("output_vector_size") or _DEFAULT_VECTOR
    seed = hashlib.shake_256(json.dumps(value).encode()).digest(int(size))
    raw = [byte / 127.5 - 1 for byte in seed]
    length = sum(part * part for part in raw) ** 0.5 or 1.0
    return [round(part / length, 8) for part in raw]


def _head(call: Call, request_id: str) -> Json:
    return {"id": request_id, "created": int(time.time()), "model": call.model}


def _usage(prompt_tokens: int, completion_tokens: int) -> Json:
    total = prompt_tokens + completion_tokens
    return {"completion_tokens": completion_tokens, "prompt_tokens": prompt_tokens, "total_tokens": total}


def _usage_details(usage: Json, spend: float) -> Json:
    details = {"reasoning_tokens": 0, "text_tokens": usage["completion_tokens"]}
    return {"completion_tokens_details": details, "cost": spend}


def _event(chunk: Json) -> bytes:
    return f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode()
