"""Every page, found by itself: in the URL conf, in Django admin's registry, and by the links of other pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.urls import Resolver404, resolve, reverse

from tests.permission_world import methods_of, routes

# What answers with data or a file, leaves for another site, or is the way out; and what takes whatever is left.
NOT_PAGES = {"/logout/", "/api/.*", "/api", "/2fa/recovery-codes/download/", "/{bare}/"}
# What shows itself only in the middle of something: with a provider, a second factor, a mail or a code at hand.
ONLY_ON_THE_WAY = re.compile(
    r"^/(2fa|sign-in|signed-out|password|confirm-email|email|inactive|reauthenticate|login|signup|account/connections"
    r"|api/auth|health|metrics)\b"
)
# Without what they must be asked with they only refuse.
_ASKED_WITH = {"/playground/standing": "?key={key_id}"}
# Values that make another page of the same address.
_TELLING = {"tab", "view", "kind", "metric", "by"}


@dataclass
class Parts(HTMLParser):
    """What the walk looks at in a page."""

    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    kinds: set[tuple[Any, ...]] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = [("", "")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        self.links += [values[name] for name in ("hx-get", "data-live") if values.get(name)]
        if tag == "link" and "stylesheet" in values.get("rel", ""):
            self.loaded.append(values["href"])
        if tag in {"script", "img"} and values.get("src"):
            self.loaded.append(values["src"])
        if tag == "script" and not values.get("src") and values.get("type") != "application/json":
            self.faults.append("a script without an address")
        if tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self.faults.append(f"style or script in <{tag}>")
        here = (tag, " ".join(sorted(values.get("class", "").split())))
        self.kinds.add((*self._open[-1], *here, values.get("role"), values.get("type"), *sorted(values)))
        if tag not in _VOID:
            self._open.append(here)

    def handle_endtag(self, tag: str) -> None:
        while len(self._open) > 1 and self._open.pop()[0] != tag:
            pass


_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def parts_of(html: str) -> Parts:
    parts = Parts()
    parts.feed(html)
    return parts


class _Places(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "none"


def addresses(world: Any) -> Iterator[tuple[str, str]]:
    """Each pattern of a page with an address of it."""
    for path, pattern in routes():
        if methods_of(pattern) is None and path not in NOT_PAGES:
            yield path, (path + _ASKED_WITH.get(path, "")).format_map(_Places(world.places))
    yield "/docs", "/docs"
    # Its pages are alike and lead to each other; tests/administration opens each of them.
    yield "/admin/", reverse("admin:index")


def inside(base: str, link: str) -> str | None:
    """The address within the portal that a link on the page `base` leads to; None for any other."""
    parts = urlsplit(urljoin(base, link))
    if (
        parts.scheme not in {"", "http"}
        or parts.netloc not in {"", "testserver"}
        or link.startswith("mailto:")
    ):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def kind_of(address: str) -> tuple[Any, ...] | None:
    """Addresses of one kind show the same page with other rows. None where nothing answers."""
    parts = urlsplit(address)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if match.app_name == "admin":
        return ("admin", (match.url_name or "").rpartition("_")[2])
    query = parse_qsl(parts.query, keep_blank_values=True)
    return (match.route, *sorted({(name, value if name in _TELLING else "") for name, value in query}))
