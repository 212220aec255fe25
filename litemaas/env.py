"""Typed settings from the environment. A wrong value stops the start with the variable's name.

Every reader also accepts `NAME_FILE`, the path of a file that holds the value, so that secrets need not be in
the environment.
"""

import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def _raw(name: str) -> str | None:
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error.strerror}") from error


def text(name: str, default: str | None = None) -> str:
    value = _raw(name)
    if value is None or value == "":
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. `make run` sets it for the embedded default.")
        return default
    return value


def optional(name: str) -> str | None:
    return _raw(name) or None


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value not in {"true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in {"true", "1"}


def number(name: str, default: int, *, minimum: int = 0) -> int:
    value = text(name, str(default))
    if not value.lstrip("-").isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {value!r}.")
    return int(value)


def whole_or_none(name: str) -> int | None:
    return number(name, 0) if optional(name) is not None else None


def amount(name: str) -> Decimal | None:
    """Money of 0 or more, or None when it is not set."""
    raw = optional(name)
    if raw is None:
        return None
    try:
        value = Decimal(raw)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise ImproperlyConfigured(f"{name} must be an amount of 0 or more, not {raw!r}.")
    return value


def listing(name: str, default: str = "") -> list[str]:
    """Comma-separated values, blanks dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


_RATE = re.compile(r"[1-9]\d*/[1-9]?\d*[smhd]")


def rates(name: str, defaults: dict[str, str]) -> dict[str, str]:
    """`bucket=10/5m` pairs over the defaults; `*=…` for all of them, `off` for none."""
    if text(name, "on") == "off":
        return {}
    found = dict(defaults)
    for entry in listing(name, "on"):
        bucket, _, rate = entry.partition("=")
        if entry == "on":
            continue
        if not _RATE.fullmatch(rate) or bucket not in {"*", *defaults}:
            raise ImproperlyConfigured(
                f"{name} must be off, or pairs like signed-in=300/m of {', '.join(defaults)}; not {entry!r}."
            )
        found.update(dict.fromkeys(defaults, rate) if bucket == "*" else {bucket: rate})
    return found


def choices(name: str, *, names: set[str], values: set[str]) -> dict[str, str]:
    """Pairs like `a=x,b=y` of known names and values."""
    chosen = dict(part.partition("=")[::2] for part in listing(name))
    if not (chosen.keys() <= names and set(chosen.values()) <= values):
        known = f"{'|'.join(sorted(names))}={'|'.join(sorted(values))}"
        raise ImproperlyConfigured(f"{name} must be pairs of {known}, separated by commas.")
    return chosen
