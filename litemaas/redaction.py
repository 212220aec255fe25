"""What a secret looks like, in one place: logs, errors and audit rows pass through here."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "[hidden]"
_SECRET_VALUE = re.compile(
    r"\b(?:sk-|ltm_admin_)[A-Za-z0-9_\-]{6,}|(?<=Bearer )[A-Za-z0-9_\-.~+/]+=*|\beyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-.]+"
)
_SECRET_NAME = re.compile(
    r"secret|password|passwd|authorization|api_?key$|access_?token|refresh_?token|^key$|cookie", re.I
)


def redact_text(text: str) -> str:
    """The text with everything that looks like a credential masked."""
    return _SECRET_VALUE.sub(MASK, text)


def redact(value: Any) -> Any:
    """A copy of JSON-like data: values under secret names and credential-like strings are masked."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {k: MASK if v and _SECRET_NAME.search(str(k)) else redact(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value
