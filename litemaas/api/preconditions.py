"""ETags, and `If-Match` on changes (contract §1.5): a change of what one has not seen is refused with 412."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas.api.rendering import dumps
from litemaas.errors import DomainError
from litemaas.locks import held_in_turn


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
    with held_in_turn(f"if-match {request.path}"):
        present = read() if read is not None else None
        if not isinstance(present, Response):
            raise PreconditionFailed(
                "There is nothing at this address that a condition could be checked against."
            )
        asked = [tag.strip() for tag in request.META["HTTP_IF_MATCH"].split(",")]
        if "*" not in asked and etag_of(dumps(present.data)) not in asked:
            raise PreconditionFailed
        return act()
