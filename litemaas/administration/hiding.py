"""Which columns no page shows: ciphertext, hashes, and what works like a password."""

import re
from typing import Any

from django.db.models import BinaryField, DecimalField, IntegerField

_TELLING = re.compile(
    r"^sealed_|(^|_)(password|secret|token|hash|digest|salts?|signature|lease|claim|session_key)$"
)
_HASH = re.compile(r"^[0-9a-f]{64}$")
_SHOWN = 8


def is_hidden(field: Any) -> bool:
    """Bytes are ciphertext, hashes or files; of the rest the name tells. Prices per token are numbers."""
    if isinstance(field, DecimalField | IntegerField):
        return False
    return isinstance(field, BinaryField) or bool(_TELLING.search(field.name))


def shortened(name: str) -> str:
    """The gateway's name for something; of a key that is a hash, of which the beginning is enough to tell it apart."""
    return f"{name[:_SHOWN]}…" if _HASH.match(name) else name
