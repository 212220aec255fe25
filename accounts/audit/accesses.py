"""Which calls the REST API gets, as a sample in the record (contract §16): noted in Valkey, written in batches.

A call pays for a draw of lots and, if it is drawn, for one push. Samples that are lost with Valkey are no loss: nobody
may conclude from a missing one that there was no call. Every act has its own row anyway.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from accounts.audit.models import AuditEvent
from accounts.audit.partitions import ensure_month
from accounts.models import User
from litemaas import context

log = structlog.get_logger(__name__)
_LIST = "litemaas:api-accesses"
# What a writer that is away may leave waiting; the oldest go first.
_MOST_WAITING = 20_000
_AT_ONCE = 1_000
# Parts of addresses that open something for whoever has them.
_SECRET_PARTS = frozenset({"token", "handle", "key", "uidb36"})


class ApiAccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        if random.random() * 100 >= settings.API_ACCESS_SAMPLE_PERCENT:  # noqa: S311  nothing is at stake
            return self.get_response(request)
        begun = time.perf_counter()
        response = self.get_response(request)
        _note(_facts(request, response, round((time.perf_counter() - begun) * 1000)))
        return response


def _facts(request: HttpRequest, response: HttpResponse, milliseconds: int) -> dict[str, Any]:
    user = getattr(request, "user", None)
    here = context.current()
    match = request.resolver_match
    return {
        "at": time.time(),
        "user": str(user.pk) if isinstance(user, User) else None,
        "name": user.username if isinstance(user, User) else "",
        "credential": here.credential,
        "route": (match.url_name if match else None) or "",
        "method": request.method,
        "path": _path(request)[:500],
        "status": response.status_code,
        "milliseconds": milliseconds,
        "percent": settings.API_ACCESS_SAMPLE_PERCENT,
        "address": here.address,
        "agent": here.user_agent,
        "request": here.request_id,
    }


def _path(request: HttpRequest) -> str:
    """Without the query, and without what would open something."""
    path = request.path_info
    kwargs = request.resolver_match.kwargs if request.resolver_match else {}
    for name, value in kwargs.items():
        if name in _SECRET_PARTS and value:
            path = path.replace(str(value), "…")
    return path


def _client() -> Any:
    return cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]


def _note(facts: dict[str, Any]) -> None:
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.rpush(_LIST, orjson.dumps(facts))
            pipe.ltrim(_LIST, -_MOST_WAITING, -1)
            pipe.execute()
    except RedisError as error:
        log.debug("a sample of an API call is lost", error=type(error).__name__)


def write_waiting() -> int:
    """Put what was noted into the record, a thousand rows with a statement. Two writers never take the same ones."""
    written = 0
    while noted := _client().lpop(_LIST, _AT_ONCE):
        events = [_event(orjson.loads(raw)) for raw in noted]
        with transaction.atomic():
            for month in {
                event.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for event in events
            }:
                ensure_month(month)
            AuditEvent.objects.bulk_create(events)
        written += len(events)
    return written


def _event(facts: dict[str, Any]) -> AuditEvent:
    shown = ("method", "path", "status", "milliseconds", "percent")
    return AuditEvent(
        at=datetime.fromtimestamp(facts["at"], UTC),
        actor_id=facts["user"],
        actor_name=facts["name"],
        credential=facts["credential"],
        action="API_ACCESS",
        resource_type="API_ACCESS",
        resource_id=facts["route"],
        success=facts["status"] < 400,
        metadata={name: facts[name] for name in shown},
        ip_address=facts["address"],
        user_agent=facts["agent"],
        request_id=facts["request"],
    )
