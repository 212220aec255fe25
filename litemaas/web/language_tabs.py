"""The same fields once per language, one tab each."""

from dataclasses import dataclass

from django import forms


@dataclass(frozen=True)
class LanguageTab:
    """The fields of one language, for `{% field_tabs %}`."""

    slug: str
    title: str
    fields: list[forms.BoundField]
    copy_from: str = ""
    copy_into: str = ""

    @property
    def has_errors(self) -> bool:
        return any(bound.errors for bound in self.fields)

    @property
    def is_filled(self) -> bool:
        return bool(self.fields[0].value())
