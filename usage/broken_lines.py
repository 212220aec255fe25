"""Lines that are no JSON object: what can still be told of the call, and why the line could not be read."""

import hashlib
import json
import re
from typing import Any, NamedTuple

from litemaas import loose_json
from usage.fields import Json
from usage.kept_facts import KEPT, KEPT_METADATA

NO_OBJECT = "no JSON object"
_FACTS = "|".join(sorted({*KEPT, *KEPT_METADATA}))
# A name with a value that ends: what is cut off in the middle of a number is no number.
_FACT = re.compile(
    rb'(?<!\\)"('
    + _FACTS.encode()
    + rb')"\s*:\s*("(?:[^"\\]|\\.){0,300}"|-?[0-9][0-9.eE+-]*|null)(?=\s*[,}\]])'
)
_LOOKED_AT = 1024 * 1024


class BrokenLine(NamedTuple):
    """`why` is what operators read."""

    text: bytes
    why: str


def read_line(line: bytes) -> Json | BrokenLine:
    """The object of a line of its own."""
    try:
        found = loose_json.loads(line)
    except ValueError as error:
        return BrokenLine(line, _reason(error))
    return found if isinstance(found, dict) else BrokenLine(line, NO_OBJECT)


def read_element(element: Any) -> Json | BrokenLine:
    """The same of an element of an array."""
    return (
        element
        if isinstance(element, dict)
        else BrokenLine(json.dumps(element, default=str).encode(), NO_OBJECT)
    )


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg[:60]} at character {error.pos + 1}"
    return "no JSON: unreadable characters"


def is_enough(facts: Json) -> bool:
    """Whether what was kept can be booked: of a broken line, when it says what the call used and what it cost.

    Without them the call would be counted twice once the gateway tells it whole.
    """
    if "line_sha256" not in facts:
        return True
    costs = facts.get("response_cost", facts.get("spend"))
    return costs is not None and "prompt_tokens" in facts and "completion_tokens" in facts


def facts_of(line: BrokenLine) -> Json:
    """What an event or row of the spend log says of the call as far as the line goes, never prompts or answers.

    An operator who replays it books the call if these facts are enough. `line_sha256` tells lines apart.
    """
    facts: Json = {"line_sha256": hashlib.sha256(line.text).hexdigest(), "line_bytes": len(line.text)}
    metadata: Json = {}
    for name, value in _FACT.findall(line.text[:_LOOKED_AT]):
        found = metadata if name.decode() in KEPT_METADATA else facts
        try:
            found.setdefault(name.decode(), loose_json.loads(value))
        except ValueError:
            continue
    if center := metadata.pop("cost_center", None):
        metadata["spend_logs_metadata"] = {"cost_center": center}
    return facts | ({"metadata": metadata} if metadata else {})
