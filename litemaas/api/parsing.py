"""Strict JSON in: what is ambiguous or can't be stored is refused with a 400 that says so."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_BODY_BYTES = 1024 * 1024
_MAX_DEPTH = 32


class PayloadTooLarge(ParseError):
    status_code = 413
    default_detail = "The body is larger than 1 MiB."
    contract_code = "PAYLOAD_TOO_LARGE"


class StrictJSONParser(BaseParser):
    """An empty body counts as `{}`; duplicate names, NaN, lone surrogates, NUL and deep nesting are refused."""

    media_type = "application/json"
    most_bytes = MAX_BODY_BYTES

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(self.most_bytes + 1)
        if len(raw) > self.most_bytes:
            raise PayloadTooLarge(f"The body is larger than {self.most_bytes // MAX_BODY_BYTES} MiB.")
        if not raw.strip():
            return {}
        try:
            data = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constants)
        except (UnicodeDecodeError, RecursionError, ValueError) as error:
            raise ParseError(f"The body is not valid JSON: {_reason(error)}.") from error
        if not isinstance(data, dict):
            _check(data)
            raise ParseError("The body must be a JSON object.")
        for name, value in data.items():
            _check(name)
            try:
                _check(value, 1)
            except TooLargeNumber as error:
                raise TooLargeNumber(name) from error
        return data


class TooLargeNumber(ParseError):
    """`name`: the outermost field that holds it."""

    def __init__(self, name: str = "") -> None:
        text = f"{name or 'The body'} holds a number that is too large."
        super().__init__(text)
        if name:
            entry = {"field": name, "message": text, "code": "invalid"}
            self.contract_details = {"field": name, "validation": [entry]}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return result


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at line {error.lineno}, column {error.colno}"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:100]


def _check(data: Any, depth: int = 0) -> None:
    """PostgreSQL stores neither NUL nor lone surrogates, we write no whole number of more than 64 bits; depth guards what
    walks the data later."""
    if depth > _MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(data, str):
        if "\x00" in data:
            raise ParseError("The body holds a NUL character.")
        if any("\ud800" <= char <= "\udfff" for char in data):
            raise ParseError("The body holds half of a surrogate pair.")
    elif isinstance(data, dict):
        for key, value in data.items():
            _check(key, depth)
            _check(value, depth + 1)
    elif isinstance(data, list):
        for value in data:
            _check(value, depth + 1)
    elif _is_beyond(data):
        raise TooLargeNumber


def _is_beyond(data: Any) -> bool:
    if isinstance(data, float):
        return data in (float("inf"), float("-inf"))
    return isinstance(data, int) and not -(2**63) <= data < 2**64
