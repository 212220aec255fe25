"""Routes with and without a trailing slash are one resource, without a redirect (contract §1.1)."""

import re
from typing import Any

from django.urls import URLPattern, re_path

_PARTS = {
    "uuid": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "str": "[^/]+",
    "path": ".+?",
}
_PLACE = re.compile(r"<(\w+):(\w+)>")


def route(pattern: str, view: Any, name: str) -> URLPattern:
    """`route("models/<path:model_id>", …)`. An id that is no UUID ends as 404 like any unknown one."""
    regex = _PLACE.sub(lambda place: f"(?P<{place[2]}>{_PARTS[place[1]]})", pattern)
    pattern_of: URLPattern = re_path(rf"^{regex}/?$", view, name=name)
    return pattern_of
