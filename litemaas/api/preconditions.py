"""ETags, and `If-Match` on changes (contract §1.5): a change of what one has not seen is refused with 412."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas import turns
from litemaas.api.rendering import dumps
from litemaas.errors import DomainError


class PreconditionFailed(DomainError):
    code = "PRECONDITION_FAILED"
    default_message = "Somebody changed this meanwhile. Read it again, then repeat your change."


def etag_of(content: bytes) -> str:
    """Weak, over the content."""
    return f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def if_unchanged(
    request: Request, read: Callable[[], Any] | None, act: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Carry `act` out if what `read` answers now is what the client has seen. Raises PreconditionFailed.

    Those who name a condition for one address come one after the other, so of two with the same tag one is refused.
    """
    with alone(request.path):
        present = read() if read is not None else None
        if not isinstance(present, Response):
            raise PreconditionFailed(
                "There is nothing at this address that a condition could be checked against."
            )
        asked = [tag.strip() for tag in request.META["HTTP_IF_MATCH"].split(",")]
        if "*" not in asked and etag_of(dumps(present.data)) not in asked:
            raise PreconditionFailed
        return act()


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Hold others who name this address back until the end. A lock of the connection, not of a transaction."""
    number = int.from_bytes(hashlib.sha256(f"if-match {path}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
    with turns.kept():
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
