"""Values put into a form of a finished page, whatever made it: as a person would type, tick and choose them."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import urljoin

# What people don't type, and what never goes into a page.
_NOT_TYPED = {"hidden", "password", "file", "submit", "button", "reset", "image"}
_TICKED = {"checkbox", "radio"}


def filled(html: str, page: str, action: str, values: Mapping[str, Iterable[str]], note: str) -> str | None:
    """`html` of the address `page` with `values` in the first form that posts to `action`, and `note` at its head.

    None when there is no such form. A box that `values` does not name was not ticked.
    """
    form = _Form(html, page, action, {name: list(many) for name, many in values.items()}, note)
    form.feed(html)
    form.close()
    return form.made() if form.is_found else None


class _Form(HTMLParser):
    """Notes what to put where; positions are offsets into the page."""

    def __init__(self, html: str, page: str, action: str, values: dict[str, list[str]], note: str) -> None:
        super().__init__(convert_charrefs=False)
        self.html, self.page, self.action, self.values, self.note = html, page, action, values, note
        self.is_found, self._is_inside = False, False
        self._lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self._changes: list[tuple[int, int, str]] = []
        self._select: str | None = None
        self._text: tuple[int, str] | None = None

    def made(self) -> str:
        parts, at = [], 0
        for start, end, text in self._changes:
            parts += [self.html[at:start], text]
            at = end
        return "".join([*parts, self.html[at:]])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open(given)
        if not self._is_inside:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type", "text") not in _NOT_TYPED:
            self._input(name, given)
        elif tag == "textarea" and self.values.get(name):
            self._text = (self._here() + len(self._tag()), self.values[name].pop(0))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select in self.values:
            self._mark("selected", given.get("value", "") in self.values[self._select])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._text:
            start, text = self._text
            # A browser leaves out a line end that comes first.
            self._changes.append((start, self._here(), "\n" + escape(text)))
            self._text = None

    def _open(self, given: dict[str, str]) -> None:
        goes_to = urljoin(self.page, given.get("action") or self.page)
        if self.is_found or given.get("method", "").lower() != "post" or goes_to != self.action:
            return
        self.is_found = self._is_inside = True
        after = self._here() + len(self._tag())
        self._changes.append((after, after, self.note))

    def _input(self, name: str, given: dict[str, str]) -> None:
        if given.get("type") in _TICKED:
            self._mark("checked", given.get("value", "on") in self.values.get(name, ()))
        elif self.values.get(name):
            bare = re.sub(r'\svalue="[^"]*"', "", self._tag())
            self._replace(re.sub(r"\s*/?>$", f' value="{escape(self.values[name].pop(0))}">', bare))

    def _mark(self, attribute: str, is_on: bool) -> None:
        bare = re.sub(rf'\s{attribute}(="[^"]*")?(?=[\s/>])', "", self._tag())
        self._replace(re.sub(r"\s*/?>$", f" {attribute}>", bare) if is_on else bare)

    def _replace(self, tag: str) -> None:
        self._changes.append((self._here(), self._here() + len(self._tag()), tag))

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _tag(self) -> str:
        return self.get_starttag_text() or ""
