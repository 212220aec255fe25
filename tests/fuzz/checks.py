"""What Schemathesis checks besides the document: nothing breaks, and nobody is shown what is somebody else's.

Loaded by its command line (`SCHEMATHESIS_HOOKS`). `FUZZ_FOREIGN` holds marks of another person's things, `FUZZ_MODEL`
a model that everybody is subscribed to; what was done is counted and written to `FUZZ_FIGURES` at the end.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path

import schemathesis

_MODEL = os.environ.get("FUZZ_MODEL", "")
_FOREIGN = [mark for mark in os.environ.get("FUZZ_FOREIGN", "").split(",") if mark]
# Refusals of well-formed requests for what they refer to: an amount above a maximum, a state that forbids an act,
# dates in the wrong order. JSON Schema has no words for them.
_DEPENDS = {
    *("INVALID_DATE_RANGE", "INVALID_DATE_ORDER", "INVALID_DATE_FORMAT", "DATE_RANGE_TOO_LARGE"),
    *("GRANULARITY_NOT_AVAILABLE", "LIMIT_EXCEEDS_MAXIMUM", "KEY_LIMIT_REACHED", "MODEL_NOT_SUBSCRIBED"),
    *("INVALID_STATE_TRANSITION", "INVALID_MODEL", "INVALID_INPUT"),
}
_answers: Counter[str] = Counter()
_links: Counter[str] = Counter()
_by_link: Counter[str] = Counter()


@schemathesis.check
def nothing_breaks(ctx, response, case) -> None:
    """500 is a fault of ours. 502 to 504 say that a part is away, which the contract has answers for."""
    _count(ctx, response, case)
    assert response.status_code != 500, f"500: {response.text[:500]}"


@schemathesis.check
def nothing_is_shown_of_others(ctx, response, case) -> None:
    sent = f"{case.formatted_path} {case.query} {case.body}"
    shown = [mark for mark in _FOREIGN if mark in response.text and mark not in sent]
    assert not shown, f"The answer holds something of another person: {shown}"


@schemathesis.hook
def map_body(context, body):
    """Well-formed names of models become one that is there and subscribed to, or keys could never be made."""
    if not isinstance(body, dict):
        return body
    named = {name: body[name] for name in ("modelId", "modelIds") if name in body}
    return body | {
        name: _MODEL if isinstance(value, str) else [_MODEL]
        for name, value in named.items()
        if all(_could_be_a_name(one) for one in (value if isinstance(value, list) and value else [value]))
    }


def _could_be_a_name(value) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= 255


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    """Whether it counts."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    return response.json().get("code") not in _DEPENDS


def _count(ctx, response, case) -> None:
    _answers[str(response.status_code)] += 1
    node = ctx.internals.recorder and ctx.internals.recorder.cases.get(case.id)
    if node and node.transition:
        _links[node.transition.id] += 1
        _by_link[str(response.status_code)] += 1


@atexit.register
def _write() -> None:
    if path := os.environ.get("FUZZ_FIGURES"):
        figures = {"answers": _answers, "links": len(_links), "by link": _by_link}
        Path(path).write_text(json.dumps(figures))
