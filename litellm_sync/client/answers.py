"""Reads what the gateway answered: exact numbers, or one of our errors.

LiteLLM has three shapes of error body (recorded from 1.74 to 1.109):

    {"error": {"message": "…", "type": "auth_error", "param": null, "code": "401"}}
    {"detail": {"error": "…"}}   or   {"detail": "…"}
    {"detail": [{"type": "less_than_equal", "loc": ["query", "size"], "msg": "…"}]}

The first shape's message is often a Python dict written as text: "{'error': '…'}".
"""

import json
import re
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from litellm_sync.errors import (
    GatewayConflict,
    GatewayGarbage,
    GatewayNotFound,
    GatewayRefused,
    GatewayUnauthorized,
    GatewayUnavailable,
)
from litemaas import loose_json

# Temporary whatever the status is.
_TEMPORARY_TYPES = {"no_db_connection", "throttling_error"}
_TEMPORARY_STATUSES = {408, 425, 429}
# LiteLLM answers these with a 500 although they can never succeed. A 500 without any of these signs may be
# its database being away ("Internal Server Error.", seen on 1.109.1) and is worth another try.
_PERMANENT_TYPES = {
    "bad_request_error",
    "invalid_request_error",
    "not_found_error",
    "validation_error",
    "budget_exceeded",
}
_PERMANENT_WORDS = re.compile(r"invalid duration|enterprise|failed to add model to db|already exists", re.I)

_NOT_FOUND_WORDS = re.compile(r"\bnot found\b|does not exist in db", re.I)
# How 1.80 says it of a key to change, with a 401. Our own key being unknown reads "Unable to find token".
_NO_SUCH_KEY_WORDS = re.compile(r"not found in db|does not exist in db", re.I)
_TAKEN_WORDS = re.compile(r"already exists|already in team", re.I)
_LICENCE_WORDS = re.compile(r"enterprise|premium feature", re.I)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    body: bytes

    def rows(self) -> Any:
        """The body of a big list, read fast, and leniently: NaN in one row must not hide the others."""
        try:
            return loose_json.loads(self.body)
        except ValueError:
            raise GatewayGarbage("the answer is not JSON", status=self.status) from None

    def json(self) -> Any:
        """The body, with every fraction as the exact Decimal that was written. Raises GatewayGarbage."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError, ArithmeticError):
            raise GatewayGarbage("the answer is not JSON", status=self.status) from None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why LiteLLM refuses: a sentence, and its `error.type`."""

    message: str
    type: str | None


def check(answer: Answer, hide: Callable[[str], str]) -> Answer:
    """`answer` when it is a success; raises GatewayUnavailable, GatewayGarbage or a GatewayRefused otherwise.

    `hide` takes the secrets out of a text: LiteLLM repeats request values in its messages, which end up in
    logs, in the outbox's `last_error` and on pages.
    """
    if 200 <= answer.status < 300:
        return answer
    if answer.status < 400:
        raise GatewayGarbage(
            "the answer is a redirect: is the gateway's address right?", status=answer.status
        )
    complaint = read_complaint(answer, hide)
    if _is_temporary(answer.status, complaint):
        raise GatewayUnavailable(f"status {answer.status}: {complaint.message}", status=answer.status)
    refusal = _refusal(answer.status, complaint)
    raise refusal(complaint.message, status=answer.status, error_type=complaint.type)


def _refusal(status: int, complaint: Complaint) -> type[GatewayRefused]:
    if _is_not_found(status, complaint.message):
        return GatewayNotFound
    if status == 409 or _TAKEN_WORDS.search(complaint.message):
        return GatewayConflict
    if status in {401, 403} and not _LICENCE_WORDS.search(complaint.message):
        return GatewayUnauthorized
    return GatewayRefused


def _is_not_found(status: int, message: str) -> bool:
    if status == 401:
        return bool(_NO_SUCH_KEY_WORDS.search(message))
    return status == 404 or (status == 400 and bool(_NOT_FOUND_WORDS.search(message)))


def _is_temporary(status: int, complaint: Complaint) -> bool:
    if complaint.type in _TEMPORARY_TYPES or status in _TEMPORARY_STATUSES:
        return complaint.type != "budget_exceeded"  # 429 in 1.91
    if status < 500:
        return False
    return complaint.type not in _PERMANENT_TYPES and not _PERMANENT_WORDS.search(complaint.message)


def read_complaint(answer: Answer, hide: Callable[[str], str]) -> Complaint:
    """What an error answer says. Raises GatewayGarbage for one that LiteLLM did not write."""
    try:
        body = answer.json()
    except GatewayGarbage:
        if answer.status < 500 and answer.status != 429:
            # A refusal that LiteLLM did not write comes from something between us and it.
            raise GatewayGarbage(f"status {answer.status} without JSON", status=answer.status) from None
        return Complaint("no JSON in the answer", None)
    message, kind = _message_and_type(body)
    return Complaint(hide(message)[:500], kind)


def _message_and_type(body: Any) -> tuple[str, str | None]:
    if not isinstance(body, dict):
        return "no explanation was given", None
    error = body.get("error")
    if isinstance(error, dict):
        return _unwrap(str(error.get("message", ""))), _text_or_none(error.get("type"))
    detail = body.get("detail", error)
    if isinstance(detail, list):
        return "; ".join(_validation_sentence(item) for item in detail), "validation_error"
    if isinstance(detail, dict):
        return str(detail.get("error") or detail.get("message") or detail), None
    return str(detail or "no explanation was given"), None


def _unwrap(message: str) -> str:
    """The text inside "{'error': 'text'}", else the message itself."""
    if not message.startswith("{"):
        return message
    try:
        inner = literal_eval(message)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return message
    if not isinstance(inner, dict):
        return message
    return str(inner.get("error") or inner.get("message") or message)


def _validation_sentence(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    where = ".".join(str(part) for part in item.get("loc") or ())
    return f"{where}: {item.get('msg')}" if where else str(item.get("msg"))


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in {"", "None"} else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
