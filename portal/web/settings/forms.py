"""Forms of what several people may change at the same time, and nobody but administrators at all."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from litemaas import errors
from litemaas.web.forms import WholeNumber, show_refusal
from litemaas.web.templatetags.formats import number_text

NOT_NEGATIVE = {"min_value": gettext_lazy("Enter 0 or more."), "invalid": gettext_lazy("Enter a number.")}


class SettingsForm(forms.Form):
    """`present` has the values that hold now, by field. Who sends a form that was opened before somebody else's change
    is told so, beside each field in which the two differ, and may send it again."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: Any, present: Mapping[str, Any], *, may_change: bool = True) -> None:
        self.present = dict(present)
        super().__init__(data, initial={**self.present, "seen": _digest(self.present)})
        if not may_change:
            for field in self.fields.values():
                field.disabled = True

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        seen, now = found.pop("seen", ""), _digest(self.present)
        if seen and seen != now:
            self._tell_apart(found)
            # Sent once more, it stands against what holds now.
            again: Any = self.data
            self.data = again = again.copy()
            again[self.add_prefix("seen")] = now
        return found

    def _tell_apart(self, found: dict[str, Any]) -> None:
        self.add_error(
            None, _("Somebody changed this meanwhile. Compare, and save again to keep what you entered.")
        )
        for name, value in list(found.items()):
            if name in self.present and not _same(value, self.present[name]):
                text = _("Now it is: %(value)s") % {"value": self.told(name, self.present[name])}
                self.add_error(name, text)

    def told(self, name: str, value: Any) -> str:
        """A value in the reader's words."""
        choices = dict(getattr(self.fields[name], "choices", ()))
        if value in choices:
            return str(choices[value])
        if value is None or value in ("", [], {}):
            return _("nothing")
        if isinstance(value, bool):
            return _("on") if value else _("off")
        return number_text(value) if isinstance(value, int | Decimal) else str(value)

    def changed_values(self) -> dict[str, Any]:
        """What differs from what holds."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in self.present and not _same(value, self.present[name])
        }


def _same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, "") and other in (None, ""))


def _digest(present: Mapping[str, Any]) -> str:
    told = json.dumps(present, sort_keys=True, cls=DjangoJSONEncoder, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def refuse(form: forms.Form, refusal: errors.DomainError) -> None:
    """Beside the fields that the use case names; what only the frame can show is raised again."""
    if isinstance(refusal, errors.Forbidden | errors.NotFound):
        raise refusal
    show_refusal(form, refusal)


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
