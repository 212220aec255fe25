"""What a handler gets and gives, and how it says no."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from litellm_sync.simulated.shapes import Json


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    ip: str
    parts: dict[str, str] = field(default_factory=dict)
    # Set by faults: the master key is not accepted, only this share of the deployments is shown.
    refuses_master_key: bool = False
    model_share: float = 1.0
    # The faults of the spend log, by kind.
    log_faults: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> Json:
        """The body as an object. Raises Refusal 422 in FastAPI's words."""
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise invalid("json_invalid", ["body", 0], "JSON decode error") from None
        if not isinstance(value, dict):
            raise invalid("model_attributes_type", ["body"], "Input should be a valid dictionary")
        return value

    def number(self, name: str, default: int, maximum: int | None = None) -> int:
        """A whole number of the query. Raises Refusal 422."""
        text = self.query.get(name)
        if text is None:
            return default
        loc = ["query", name]
        if not text.lstrip("-").isdigit():
            message = "Input should be a valid integer, unable to parse string as an integer"
            raise invalid("int_parsing", loc, message)
        value = int(text)
        if value < 1:
            raise invalid("greater_than_equal", loc, "Input should be greater than or equal to 1")
        if maximum is not None and value > maximum:
            raise invalid("less_than_equal", loc, f"Input should be less than or equal to {maximum}")
        return value


@dataclass(slots=True)
class Reply:
    """An answer. `chunks` makes it a stream of server-sent events instead of `body`."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] | None = None

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Refusal(Exception):
    """A request is refused with this status and body."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        super().__init__(status, body)

    @property
    def message(self) -> str:
        error = self.body.get("error")
        return str(error["message"] if isinstance(error, dict) else self.body.get("detail"))


def refuse(status: int, message: str, kind: str, param: str | None = None, **headers: str) -> Refusal:
    """ProxyException's shape. LiteLLM writes the code as text."""
    error = {"message": message, "type": kind, "param": param, "code": str(status)}
    return Refusal(
        status, {"error": error}, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def refuse_wrapped(status: int, message: str, kind: str = "invalid_request_error") -> Refusal:
    """The same with the message as a Python dict in text, as many routes of 1.109 give it."""
    return refuse(status, str({"error": message}), kind)


def refuse_in_detail(status: int, detail: Any) -> Refusal:
    """HTTPException's shape."""
    return Refusal(status, {"detail": detail})


def invalid(kind: str, loc: list[Any], message: str) -> Refusal:
    """FastAPI's validation error."""
    return Refusal(422, {"detail": [{"type": kind, "loc": loc, "msg": message}]})
