"""A form that is sent twice is done once: what comes second is answered with where the first one led.

No form has to do anything for it. Each page gives its forms a token against forgery of its own, so the same token with
the same content is the same page, sent again: by a second click, or after going back. Forms that answer with a page, as
those that show a new secret, have tokens that their use case knows.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from redis.exceptions import RedisError

from litemaas import turns

log = structlog.get_logger(__name__)

SECONDS_KEPT = 600
# Who comes second waits for so long for the first one, then does it too. What a process that died left is forgotten.
_SECONDS_TO_WAIT, _SECONDS_RUNNING = 5.0, 60
# The cache's connections give up after a second without an answer.
_SECONDS_AT_ONCE = 0.5
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105  a field's name
_AWAY = (RedisError, OSError)


def done(request: HttpRequest, reader: Any, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `act` answers, or where the same form of this reader led before."""
    name = _name_of(request, reader)
    if name is None:
        return act()
    try:
        before = _claim(name)
    except _AWAY as error:
        log.warning("the cache is away, a form may be done twice", error=type(error).__name__)
        return act()
    if before:
        return HttpResponseRedirect(before)
    address = ""
    try:
        response = act()
        address = response.url if isinstance(response, HttpResponseRedirect) else ""
    finally:
        _note(name, address)
    return response


def _name_of(request: HttpRequest, reader: Any) -> str | None:
    """None for what is no form of a page, or brings files, whose content is not looked at."""
    is_part = request.headers.get("HX-Request") == "true"
    if request.method != "POST" or is_part or request.content_type != "application/x-www-form-urlencoded":
        return None
    if not request.POST.get(_TOKEN):
        return None
    content = repr((str(reader), request.path, sorted(request.POST.lists())))
    return f"litemaas:form-sent:{hashlib.sha256(content.encode()).hexdigest()}"


def _claim(name: str) -> str | None:
    """None when it is ours to do, else where it led. A lock of the database would keep the turn from others."""
    client, deadline = _client(), time.monotonic() + _SECONDS_TO_WAIT
    while time.monotonic() < deadline:
        if client.set(name, 1, nx=True, ex=_SECONDS_RUNNING):
            client.delete(_led(name))
            return None
        with turns.given_back():
            # From the list into itself: others may wait for it, too.
            found = client.blmove(_led(name), _led(name), _SECONDS_AT_ONCE, "LEFT", "LEFT")
        if found:
            return bytes(found).decode()
    return None


def _note(name: str, address: str) -> None:
    """Wake who waits, and keep where it led. Without an address it was refused or showed a page: it may be sent again."""
    try:
        with _client().pipeline() as together:
            if address:
                together.expire(name, SECONDS_KEPT)
            else:
                together.delete(name)
            together.rpush(_led(name), address)
            together.expire(_led(name), SECONDS_KEPT)
            together.execute()
    except _AWAY as error:
        log.warning("the cache is away, a form may be done twice", error=type(error).__name__)


def _led(name: str) -> str:
    return f"{name}:led"


def _client() -> Any:
    # Django's cache knows neither lists nor waiting.
    return cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
