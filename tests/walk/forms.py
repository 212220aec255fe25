"""Every form of a page, read as a browser reads it: what it would send, and what somebody could type into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

# What a person has to know who fills in a field that the page leaves empty; by its name, else by its kind.
TYPED = {
    "user_id": "perm-stranger",
    "email": "somebody.new@people.example",
    "thresholds": "60, 90",
    "confirmation": "Permissions",
    "reason": "It has to be.",
}
# Of these boxes one has to be ticked.
TICKED = {"model_ids", "models"}
_BY_KIND = {
    "number": "5",
    "email": "somebody@people.example",
    "date": "2027-06-01",
    "url": "https://x.example",
}
_HOLDING = {"input", "textarea", "select", "button"}
_TEXTS = {"text", "search", "textarea", "email", "number", "date", "url", "datetime-local", "password"}


@dataclass
class Field:
    name: str
    kind: str
    value: str = ""
    # Of a box: whether it is ticked. Of a select: which options it has.
    is_on: bool = False
    options: list[str] = field(default_factory=list)
    is_required: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind in _TEXTS


@dataclass
class Form:
    """`page` is where it stands, `action` where it goes."""

    page: str
    action: str
    ident: str = ""
    fields: list[Field] = field(default_factory=list)

    @property
    def has_version(self) -> bool:
        return any(one.name == "version" for one in self.fields)

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.fields if one.kind != "hidden"}

    def sent(self, **typed: str) -> dict[str, list[str]]:
        """As it stands, with what is `typed`; what is left empty and has to be there is filled in."""
        data: dict[str, list[str]] = {}
        for one in self.fields:
            if one.kind in {"checkbox", "radio"}:
                if one.is_on:
                    data.setdefault(one.name, []).append(one.value)
            elif one.kind == "submit":
                data.setdefault(one.name, [one.value])
            else:
                data.setdefault(one.name, []).append(one.value)
        for one in self.fields:
            if one.is_text and not data[one.name][0] and (one.is_required or one.name in TYPED):
                data[one.name] = [TYPED.get(one.name) or _BY_KIND.get(one.kind, "Something")]
            elif (one.kind == "radio" or one.name in TICKED) and one.name not in data:
                data[one.name] = [one.value]
            elif one.kind == "select" and one.is_required and not data[one.name][0]:
                data[one.name] = [next((option for option in one.options if option), "")]
        return data | {name: [value] for name, value in typed.items()}


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._area: Field | None = None
        self._select: Field | None = None
        self._loose: list[tuple[str, Field]] = []
        self._required: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = None
            if values.get("method", "").lower() == "post":
                action = urljoin(self.page, values.get("action") or self.page)
                self._open = Form(self.page, action, values.get("id", ""))
                self.forms.append(self._open)
        elif tag == "option" and self._select:
            option = values.get("value", "")
            self._select.options.append(option)
            if "selected" in values or len(self._select.options) == 1:
                self._select.value = option
        elif tag in _HOLDING and values.get("name") and "disabled" not in values:
            self._note(tag, values)

    def _note(self, tag: str, values: dict[str, str]) -> None:
        kind = values.get("type", "text") if tag == "input" else tag
        if tag == "button":
            kind = values.get("type", "submit")
        is_required = "required" in values or values.get("aria-required") == "true"
        found = Field(
            values["name"], kind, values.get("value", "on" if kind == "checkbox" else ""), "checked" in values
        )
        found.is_required = is_required
        self._area = found if tag == "textarea" else None
        self._select = found if tag == "select" else None
        if values.get("form"):
            self._loose.append((values["form"], found))
        elif self._open:
            self._open.fields.append(found)

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area:
            # The newline that begins it belongs to the tag.
            self._area.value = self._area.value.removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def done(self) -> Iterator[Form]:
        for form in self.forms:
            form.fields += [one for ident, one in self._loose if ident == form.ident and ident]
            yield form


def forms_of(page: str, html: str) -> list[Form]:
    reader = _Reader(page)
    reader.feed(html)
    return list(reader.done())


def path_of(address: str) -> str:
    return urlsplit(address).path
