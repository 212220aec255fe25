"""What the web processes of one server count together, in Prometheus' terms.

With several processes prometheus-client keeps the counts in files of METRICS_DIR that all of them map. Without that
folder nothing is counted: one process's share would look like the whole.
"""

import os
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

if settings.METRICS_DIR:
    # Read by the library when it is imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = settings.METRICS_DIR

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REQUESTS = Counter(
    "litemaas_http_requests",
    "Answered requests, by name of the route.",
    ["method", "route", "status"],
    registry=None,
)
DURATIONS = Histogram(
    "litemaas_http_request_duration_seconds",
    "Time from the request to the head of its answer.",
    ["route"],
    buckets=_BUCKETS,
    registry=None,
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountingMiddleware:
    """Counts requests. What no route matches, and what whitenoise serves, is one line each: names come from us alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._counts = bool(settings.METRICS_DIR)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._counts:
            return self.get_response(request)
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = (match.view_name or "unnamed") if match is not None else "none"
        method = request.method if request.method in _METHODS else "other"
        _requests(method or "other", route, response.status_code).inc()
        _durations(route).observe(time.perf_counter() - began)
        return response


@lru_cache(maxsize=4096)
def _requests(method: str, route: str, status: int) -> Counter:
    return REQUESTS.labels(method, route, str(status))


@lru_cache(maxsize=1024)
def _durations(route: str) -> Histogram:
    return DURATIONS.labels(route)


def counted() -> CollectorRegistry:
    """A registry of what all processes of this server have counted so far."""
    registry = CollectorRegistry()
    if settings.METRICS_DIR:
        MultiProcessCollector(registry, path=settings.METRICS_DIR)  # type: ignore[no-untyped-call]
    return registry
