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
_SECONDS_TO_WAIT, _SECONDS_BETWEEN, _SECONDS_RUNNING = 5.0, 0.05, 60
_RUNNING = "running"
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105  a field's name


def done(request: HttpRequest, reader: Any, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `act` answers, or where the same form of this reader led before."""
    name = _name_of(request, reader)
    if name is None:
        return act()
    try:
        before = _claim(name)
    except (RedisError, OSError) as error:
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
    return f"form-sent:{hashlib.sha256(content.encode()).hexdigest()}"


def _claim(name: str) -> str | None:
    """None when it is ours to do, else where it led. A lock of the database would keep the turn from others."""
    if cache.add(name, _RUNNING, _SECONDS_RUNNING):
        return None
    found: str | None = cache.get(name)
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    with turns.given_back():
        while found == _RUNNING and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN)
            found = cache.get(name)
    return None if found == _RUNNING else found


def _note(name: str, address: str) -> None:
    """Where it led; without an address it was refused, or showed a page, and may be sent again."""
    try:
        if address:
            cache.set(name, address, SECONDS_KEPT)
        else:
            cache.delete(name)
    except (RedisError, OSError) as error:
        log.warning("the cache is away, a form may be done twice", error=type(error).__name__)
