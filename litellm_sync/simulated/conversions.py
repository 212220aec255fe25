"""/docling/v1/convert/source: documents become text.

LiteLLM has no such call of its own: an operator passes the path on to a docling server, whose documentation
(docling-serve, version 1 of its API) this follows. Key, model, budgets and limits are asked for as with every other call.
No recording of a real gateway with such a path is at hand.
"""

from typing import Any

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.calls import Call, admitted, require_field, running
from litellm_sync.simulated.http import Reply, Request, refuse
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.state import State


@route("POST", "/docling/v1/convert/source", audience="llm", is_call=True)
def convert(state: State, _caller: Caller, request: Request) -> Reply:
    with admitted(state, request, "pass_through_endpoint") as call:
        url = _url(require_field(call, "sources"))
        with running(call):
            facts = call.succeeded(call.call_id, 0, 0)
        document = {
            "filename": url.rstrip("/").rpartition("/")[2],
            "md_content": _markdown(call, url),
            **dict.fromkeys(("json_content", "html_content", "text_content", "doctags_content")),
        }
        answer = {
            "document": document,
            "status": "success",
            "errors": [],
            "processing_time": 0.01,
            "timings": {},
        }
        return Reply(200, answer, call.headers(facts["spend"]))


def _url(sources: Any) -> str:
    first = sources[0] if isinstance(sources, list) and sources else None
    if not isinstance(first, dict) or first.get("kind") != "http" or not isinstance(first.get("url"), str):
        raise refuse(
            422, "sources: Input should be a list of sources of a known kind.", "invalid_request_error"
        )
    return str(first["url"])


def _markdown(call: Call, url: str) -> str:
    return (
        f"# A simulated document\n\nThis is the simulated gateway, converting {url} as {call.model}.\n\n"
        "<!-- image -->\n\n| Part | Kept |\n|---|---|\n| Headings | yes |\n| Pictures | as placeholders |\n"
    )
