"""Columns as readers see them: named in their language, values in words, ids by the names of what they stand for."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.admin.utils import display_for_value
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import ForeignKey, JSONField, Model
from django.template.defaultfilters import yesno
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.timezone import localtime

from litemaas.administration import referring
from litemaas.administration.wording import PROPERTIES, choice_text, column_text
from litemaas.cells import exact

Words = Callable[[Any], Any]
# Longer texts make a list that nobody can read; a row's own page has them whole.
_LONGEST_CELL = 80
_NOTHING = "-"


class Column:
    """One column of a table. Django admin calls it with the row.

    `words` says a code in words; `refers` tells which model an id belongs to. `place` is where it stands: in a `list`,
    on the page of one `row`, or in a table `beside` another row.
    """

    def __init__(
        self, field: Any, place: str, *, words: Words | None, refers: referring.Refers | None
    ) -> None:
        self.field, self.place, self.words, self.refers = field, place, words, refers
        self.is_brief = place != "row"
        self.__name__ = field.name
        self.short_description = column_text(field)
        self.admin_order_field = field.name

    def __call__(self, row: Model) -> Any:
        value = self.plain(row)
        shown = None if value is None or value == "" else self._shown(row, value)
        return _NOTHING if shown is None or shown == "" else shown

    def _shown(self, row: Model, value: Any) -> Any:
        if isinstance(value, bool):
            # A red cross would be a bad sign, and a key that is not blocked is none.
            return capfirst(str(yesno(value)))
        if self.refers:
            return referring.shown(row, self.refers(row), value)
        if isinstance(self.field, ForeignKey):
            return self._other(row, value)
        if self.words:
            return choice_text(self.words(value))
        if self.field.choices:
            return choice_text(dict(self.field.flatchoices).get(value, value))
        if isinstance(value, datetime) and self.place == "list":
            return date_format(localtime(value), "SHORT_DATETIME_FORMAT")
        shown = self._formatted(value)
        return shown if isinstance(shown, str) else display_for_value(shown, _NOTHING)

    def plain(self, row: Model) -> Any:
        """The value itself, as files have it."""
        return getattr(row, self.field.attname)

    def _other(self, row: Model, key: Any) -> Any:
        """The row that a foreign key names, if it is at hand or the page is about this row alone; else its key."""
        if self.is_brief and not self.field.is_cached(row):
            return str(key)
        try:
            other = getattr(row, self.field.name)
        except ObjectDoesNotExist:
            return str(key)
        # In a list the first cell is a link itself.
        return referring.title_of(other) if self.place == "list" else linked(other)

    def _formatted(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return exact(value)
        if isinstance(self.field, ArrayField):
            return ", ".join(str(part) for part in value)
        if isinstance(self.field, JSONField):
            return self._parts(value)
        if self.is_brief and isinstance(value, str):
            return Truncator(value).chars(_LONGEST_CELL)
        return value

    def _parts(self, value: Any) -> Any:
        if value in ({}, []):
            return _NOTHING
        if self.is_brief:
            return Truncator(json.dumps(value, ensure_ascii=False)).chars(_LONGEST_CELL)
        return format_html("<pre>{}</pre>", json.dumps(value, ensure_ascii=False, indent=2))


def linked(row: Model) -> Any:
    """The row's name, with a link to its page here."""
    address = referring.address_of(type(row), row.pk)
    title = referring.title_of(row)
    return format_html('<a href="{}">{}</a>', address, title) if address else title


class Made:
    """What a model makes of its columns, by the name of the property."""

    def __init__(self, name: str, text: Any) -> None:
        self.__name__, self.short_description = name, text

    def __call__(self, row: Model) -> Any:
        return getattr(row, self.__name__)


class Columns:
    """For pages of a model: which of its columns are codes or ids, and what readers see instead."""

    model: Any
    in_words: ClassVar[dict[str, Words]] = {}
    refers: ClassVar[dict[str, referring.Refers]] = {}

    @cached_property
    def listed_columns(self) -> dict[Any, Any]:
        return self.columns("list")

    @cached_property
    def row_columns(self) -> dict[Any, Any]:
        return self.columns("row")

    def columns(self, place: str) -> dict[Any, Any]:
        """By name, also by that of the database's column of a foreign key."""
        made: dict[Any, Any] = {
            name: Made(name, text)
            for name, text in PROPERTIES.items()
            if isinstance(getattr(self.model, name, None), property)
        }
        for field in self.model._meta.concrete_fields:
            words, refers = self.in_words.get(field.name), self.refers.get(field.name)
            made[field.attname] = made[field.name] = Column(field, place, words=words, refers=refers)
        return made
