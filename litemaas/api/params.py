"""Query parameters, read strictly: a wrong one is a 400 that names it."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

from rest_framework.request import Request

from litemaas.errors import InvalidInput

_WHOLE = re.compile(r"-?[0-9]{1,11}")
_LONGEST_LIST = 500


def integer(
    request: Request, name: str, default: int, *, minimum: int = 1, maximum: int | None = None
) -> int:
    raw = request.query_params.get(name)
    if raw is None or raw == "":
        return default
    value = int(raw) if _WHOLE.fullmatch(raw) else None
    if value is None or value < minimum or (maximum is not None and value > maximum):
        upto = f" and at most {maximum}" if maximum is not None else ""
        raise InvalidInput(fields={name: f"{name} must be a whole number of at least {minimum}{upto}."})
    return value


def boolean(request: Request, name: str, default: bool | None) -> bool | None:
    raw = request.query_params.get(name)
    if raw is None or raw == "":
        return default
    if raw.lower() not in {"true", "false", "1", "0"}:
        raise InvalidInput(fields={name: f"{name} must be true or false."})
    return raw.lower() in {"true", "1"}


def text(request: Request, name: str, *, longest: int = 255) -> str:
    """The value without outer blanks, "" when it is not given."""
    value = request.query_params.get(name, "").strip()
    if len(value) > longest or "\x00" in value:
        raise InvalidInput(fields={name: f"{name} must be text of at most {longest} characters."})
    return value


def choice(request: Request, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = request.query_params.get(name) or default
    if value not in allowed:
        raise InvalidInput(fields={name: f"{name} must be one of {', '.join(allowed)}."})
    return value


def listing(request: Request, name: str, *, commas: bool = False) -> list[str]:
    """`k=a&k=b` and `k[]=a&k[]=b`; with `commas` also `k=a,b`."""
    values = request.query_params.getlist(name) + request.query_params.getlist(f"{name}[]")
    if commas:
        values = [part for value in values for part in value.split(",")]
    if len(values) > _LONGEST_LIST or any("\x00" in value for value in values):
        raise InvalidInput(fields={name: f"{name} must be at most {_LONGEST_LIST} values of plain text."})
    return [value for value in (v.strip() for v in values) if value]


def uuid_or_none(request: Request, name: str) -> UUID | None:
    raw = request.query_params.get(name)
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError:
        raise InvalidInput(fields={name: f"{name} must be a UUID."}) from None


def uuids(request: Request, name: str) -> list[UUID]:
    try:
        return [UUID(raw) for raw in listing(request, name)]
    except ValueError:
        raise InvalidInput(fields={name: f"{name} must be UUIDs."}) from None


def moment(request: Request, name: str) -> datetime | None:
    """A time in ISO 8601, with its zone; without one it is UTC."""
    raw = request.query_params.get(name)
    if not raw:
        return None
    try:
        value = datetime.fromisoformat(raw)
    except ValueError:
        raise InvalidInput(fields={name: f"{name} must be a time like 2026-01-31T00:00:00Z."}) from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def day(raw: object, name: str) -> date:
    """A `YYYY-MM-DD` value. Raises InvalidInput with the contract's date code."""
    try:
        return date.fromisoformat(str(raw)[:10])
    except ValueError:
        raise InvalidInput(fields={name: f"{name} must be a date like 2026-01-31."}) from None
