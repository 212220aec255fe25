"""Forms of what administrators set: with the values that hold, and out of use for whoever may only look."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from litemaas.web import conflicts
from litemaas.web.forms import WholeNumber

NOT_NEGATIVE = {"min_value": gettext_lazy("Enter 0 or more."), "invalid": gettext_lazy("Enter a number.")}


class SettingsForm(forms.Form):
    """`present` has the values that hold now, by field. Views save it through `litemaas.web.conflicts`."""

    def __init__(self, data: Any, present: Mapping[str, Any], *, may_change: bool = True) -> None:
        self.present = dict(present)
        super().__init__(data, initial=self.present)
        if not may_change:
            for field in self.fields.values():
                field.disabled = True
        conflicts.stamp(self, self)

    def changed_values(self) -> dict[str, Any]:
        """What differs from what holds."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in self.present and not _same(value, self.present[name])
        }


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one in (None, "") and other in (None, ""))


def amount_field(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        localize=True,
        min_value=0,
        max_digits=20,
        decimal_places=10,
        error_messages=NOT_NEGATIVE,
        **options,
    )


def rate_field(label: Any, **options: Any) -> WholeNumber:
    return WholeNumber(label=label, required=False, min_value=0, error_messages=NOT_NEGATIVE, **options)
