"""Routes with and without a trailing slash are one resource, without a redirect (contract §1.1)."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Any

from django.urls import ResolverMatch, URLPattern, URLResolver, re_path
from django.urls.resolvers import RoutePattern

_PARTS = {
    "uuid": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "int": "[0-9]{1,18}",
    "str": "[^/]+",
    "path": ".+?",
}
_PLACE = re.compile(r"<(\w+):(\w+)>")


def route(pattern: str, view: Any, name: str) -> URLPattern:
    """`route("models/<path:model_id>", …)`. An id that is no UUID ends as 404 like any unknown one."""
    regex = _PLACE.sub(lambda place: f"(?P<{place[2]}>{_PARTS[place[1]]})", pattern)
    pattern_of: URLPattern = re_path(rf"^{regex}/?$", view, name=name)
    return pattern_of


_FIRST_SEGMENT = re.compile(r"\^([\w.-]+)(?:/|$)")


class SegmentedResolver(URLResolver):
    """Routes below a prefix, looked up by their first segment instead of tried one after the other.

    With some hundred routes the trying costs as much as a small query, on every request.
    """

    @cached_property
    def _by_segment(self) -> dict[str, URLResolver]:
        """Per first segment the routes that may match, in their order; "" for segments that no route names."""
        parts = [(_segment_of(route), route) for route in self.url_patterns]
        names = {name for name, _route in parts if name is not None} | {""}
        return {
            name: URLResolver(self.pattern, [r for segment, r in parts if segment in (name, None)])
            for name in names
        }

    def resolve(self, path: str) -> ResolverMatch:
        return self._known(path)

    @cached_property
    def _known(self) -> Callable[[str], ResolverMatch]:
        """What a path leads to never changes, and few paths take most of the requests."""
        return lru_cache(maxsize=1024)(self._look_up)

    def _look_up(self, path: str) -> ResolverMatch:
        prefix = str(self.pattern)
        rest = path[len(prefix) :] if path.startswith(prefix) else ""
        found = self._by_segment.get(rest.partition("/")[0]) or self._by_segment[""]
        return found.resolve(path)


def below(prefix: str, routes: list[Any]) -> SegmentedResolver:
    """Like `path(prefix, include(routes))`, for many routes. Includes without a prefix of their own are taken apart."""
    return SegmentedResolver(RoutePattern(prefix, is_endpoint=False), list(_flat(routes)))


def _flat(routes: list[Any]) -> Iterator[URLPattern]:
    for entry in routes:
        if isinstance(entry, URLResolver) and not str(entry.pattern):
            yield from _flat(entry.url_patterns)
        else:
            yield entry


def _segment_of(route: Any) -> str | None:
    """The literal first segment of a route, or None where it may match anything."""
    found = _FIRST_SEGMENT.match(str(route.pattern).replace("\\.", ".").replace("/?$", "$"))
    return found[1] if found else None
