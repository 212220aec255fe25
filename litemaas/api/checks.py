"""Start-up checks: a REST route that declares no permission does not start (contract §1.1)."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from litemaas.api.permissions import permission_for


@register()
def every_route_declares_its_permission(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{view.__name__} at {path} declares no permission for {method}.",
            hint="Set permissions_needed on the view.",
            id="litemaas.E001",
        )
        for path, view in rest_views()
        for method in _methods(view)
        if permission_for(view, method) is None
    ]


def rest_views() -> Iterator[tuple[str, type[APIView]]]:
    """Every REST route of the project with its view class."""
    yield from _walk(get_resolver().url_patterns, "")


def _walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, type[APIView]]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, APIView):
                yield path, view


def _methods(view: type[APIView]) -> list[str]:
    return [m.upper() for m in view.http_method_names if hasattr(view, m) and m != "options"]
