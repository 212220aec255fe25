"""Which function answers which request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litellm_sync.simulated.access import NOBODY, Audience, Caller, check_route, identify
from litellm_sync.simulated.http import Refusal, Reply, Request, refuse_in_detail
from litellm_sync.simulated.state import State

Handler = Callable[[State, Caller, Request], Any]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    audience: Audience
    since: tuple[int, int]
    handler: Handler
    # Calls of models look after the lock themselves, so that a stream does not hold up everybody else.
    is_call: bool


ROUTES: dict[tuple[str, str], Route] = {}
_TEMPLATES: list[tuple[str, list[str], Route]] = []


def route(
    method: str,
    *paths: str,
    audience: Audience = "admin",
    since: tuple[int, int] = (1, 80),
    is_call: bool = False,
) -> Callable[[Handler], Handler]:
    """Answer these paths with the function. A part in braces is handed over in `request.parts`."""

    def register(handler: Handler) -> Handler:
        for path in paths:
            entry = Route(method, path, audience, since, handler, is_call)
            ROUTES[method, path] = entry
            if "{" in path:
                _TEMPLATES.append((method, path.split("/"), entry))
        return handler

    return register


def answer(state: State, request: Request) -> Reply:
    """The reply to a request. Never raises for anything that a client can send."""
    try:
        entry = _find(state, request)
        if entry.is_call:
            return _as_reply(entry.handler(state, NOBODY, request))
        with state.lock:
            state.settle()
            return _as_reply(entry.handler(state, _admit(state, entry, request), request))
    except Refusal as refusal:
        return Reply(refusal.status, refusal.body, refusal.headers)


def _admit(state: State, entry: Route, request: Request) -> Caller:
    if entry.audience == "public":
        return NOBODY
    caller = identify(state, request)
    check_route(caller, entry.audience, request.path)
    return caller


def _find(state: State, request: Request) -> Route:
    entry = ROUTES.get((request.method, request.path)) or _match(request)
    if entry is None or state.version.number < entry.since:
        number = state.version.number
        known = any(path == request.path and number >= it.since for (_, path), it in ROUTES.items())
        raise refuse_in_detail(405, "Method Not Allowed") if known else refuse_in_detail(404, "Not Found")
    return entry


def _match(request: Request) -> Route | None:
    parts = request.path.split("/")
    for method, names, entry in _TEMPLATES:
        if method == request.method and len(names) == len(parts):
            pairs = list(zip(names, parts, strict=True))
            if all(name == part or name.startswith("{") for name, part in pairs):
                request.parts = {name[1:-1]: part for name, part in pairs if name.startswith("{")}
                return entry
    return None


def _as_reply(value: Any) -> Reply:
    return value if isinstance(value, Reply) else Reply(200, value)
