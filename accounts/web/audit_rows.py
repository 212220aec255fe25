"""Rows of the record of acts as the pages show them: codes in words, ids as links, values as texts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from accounts.audit import naming, queries, words
from accounts.audit.queries import Filter, Json
from accounts.models import SYSTEM

# Type of object → the address of its page, which a higher app may have; the id is a UUID.
_PAGES = {
    "USER": "user",
    "AUTH": "user",
    "API_KEY": "find_api_key",
    "SUBSCRIPTION": "subscription",
    "TEAM": "team",
    "JOB": "job_page",
    "BANNER": "edit_banner",
}
_SHORT = 12


@dataclass(frozen=True)
class Row:
    """`event` has the names of the contract (§16); `name` is what its object is called now, if it has one."""

    event: Json
    name: str = ""

    @property
    def id(self) -> int:
        return int(self.event["id"])

    @property
    def row_id(self) -> str:
        return f"event-{self.id}"

    @property
    def code_id(self) -> str:
        return f"metadata-{self.id}"

    @property
    def action(self) -> str:
        return words.action_text(self.event["action"])

    @property
    def category(self) -> str:
        return words.category_text(self.event["resourceType"])

    @property
    def credential(self) -> str:
        """Empty for the program itself."""
        code = self.event["authMethod"] or ""
        return words.credential_text(code) if code != "none" else ""

    @property
    def resource_short(self) -> str:
        """What the object is called, or its id, or the beginning of a long one."""
        key = self.event["resourceId"] or ""
        if self.name or self.event["resourceType"] == "MODEL":
            return self.name or key
        return key if len(key) <= _SHORT else f"{key[:8]}…"

    @property
    def resource_href(self) -> str:
        """The object's page; empty where it has none."""
        kind, key = self.event["resourceType"], self.event["resourceId"] or ""
        try:
            if kind == "MODEL" and key:
                return reverse("model", args=[key])
            return reverse(_PAGES[kind], args=[UUID(key)]) if kind in _PAGES else ""
        except (ValueError, NoReverseMatch):
            return ""

    @property
    def user_href(self) -> str:
        return reverse("user", args=[self.event["userId"]]) if self.event["userId"] else ""

    @property
    def is_by_portal(self) -> bool:
        """The program itself acted."""
        return not self.event["userId"] and self.event["username"] == SYSTEM.username

    @property
    def differences(self) -> list[tuple[str, str | None, str | None]]:
        """Field, before, after, sorted by field."""
        old, new = self.event["oldValues"] or {}, self.event["newValues"] or {}
        return [(name, plain(old.get(name)), plain(new.get(name))) for name in sorted({*old, *new})]

    @property
    def metadata(self) -> str:
        found = self.event["metadata"]
        return json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) if found else ""


def rows_of(events: Iterable[Json]) -> list[Row]:
    """With the names of their objects, by one statement for each type among them."""
    found = list(events)
    resources = [(event["resourceType"], event["resourceId"] or "") for event in found]
    names = naming.names_of(resources)
    return [Row(event, names.get(one, "")) for event, one in zip(found, resources, strict=True)]


def plain(value: Any) -> str | None:
    """A JSON value as a text; None is nothing."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Events:
    """What fits a filter, for a paginator: counted, and read a page at a time."""

    # Django's paginator slices it, and would warn of a list without an order.
    ordered = True

    def __init__(self, asked: Filter) -> None:
        self._asked = asked

    def count(self) -> int:
        return queries.total(self._asked)

    def __getitem__(self, part: slice) -> list[Row]:
        return rows_of(queries.page(self._asked, limit=part.stop - part.start, offset=part.start))


class EventsAbout:
    """The newest acts of somebody and about them, counted with the page."""

    ordered = True

    def __init__(self, user_id: UUID, objects: dict[str, list[str]]) -> None:
        self._user_id, self._objects = user_id, objects
        self._count: int | None = None

    def count(self) -> int:
        if self._count is None:
            self._count = queries.page_about(self._user_id, self._objects, limit=1, offset=0)[1]
        return self._count

    def __getitem__(self, part: slice) -> list[Row]:
        found, self._count = queries.page_about(
            self._user_id, self._objects, limit=part.stop - part.start, offset=part.start
        )
        return rows_of(found)
