"""What is known about the request at hand: its id, address and credential kind, for logs, errors and audit rows."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """`credential` is one of session, jwt, api-key, admin-key, none; outside a request everything is empty."""

    request_id: str = ""
    address: str | None = None
    user_agent: str = ""
    credential: str = "none"


_current: ContextVar[RequestContext] = ContextVar("litemaas_request")
_OUTSIDE = RequestContext()


def current() -> RequestContext:
    return _current.get(_OUTSIDE)


def enter(context: RequestContext) -> None:
    """Make `context` the one of this thread. The next request on the thread replaces it."""
    _current.set(context)
