"""A form that is sent twice is done once: what comes second is answered with where the first one led.

No form has to do anything for it. Each page gives its forms a token against forgery of its own, so the same token with
the same content is the same page, sent again: by a second click, or after going back. Forms that answer with a page, as
those that show a new secret, have tokens that their use case knows.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from redis.exceptions import RedisError

from litemaas.locks import held_in_turn

log = structlog.get_logger(__name__)

SECONDS_KEPT = 600
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105  a field's name


def done(request: HttpRequest, reader: Any, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `act` answers, or where the same form of this reader led before."""
    name = _name_of(request, reader)
    if name is None:
        return act()
    with held_in_turn(name):
        if before := _led_to(name):
            return HttpResponseRedirect(before)
        response = act()
        if isinstance(response, HttpResponseRedirect):
            _keep(name, response.url)
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


def _led_to(name: str) -> str | None:
    try:
        found: str | None = cache.get(name)
    except (RedisError, OSError) as error:
        log.warning("the cache is away, a form may be done twice", error=type(error).__name__)
        return None
    return found


def _keep(name: str, address: str) -> None:
    try:
        cache.set(name, address, SECONDS_KEPT)
    except (RedisError, OSError) as error:
        log.warning("the cache is away, a form may be done twice", error=type(error).__name__)
