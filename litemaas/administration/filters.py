"""Filters in the reader's language."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin

from litemaas.administration.wording import choice_text


class WordsFilter(admin.ChoicesFieldListFilter):
    """A choice for each word of a column; most tables have theirs in English."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice_text(choice["display"])}


admin.FieldListFilter.register(lambda field: bool(field.choices), WordsFilter, take_priority=True)
