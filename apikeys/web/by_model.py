"""Fields for limits of single models: a line of text for each."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext

_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,10})?", re.ASCII)


class RatesByModel(forms.CharField):
    """Lines like `model-name: 60`, as a map."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea({"rows": 2, "spellcheck": "false"})
        super().__init__(required=False, max_length=20_000, widget=widget, **options)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        rates: dict[str, int] = {}
        for line in str(super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            name, _colon, number = line.rpartition(":")
            if not name.strip() or not number.strip().isascii() or not number.strip().isdigit():
                text = gettext("Write one line for each model, like “model-name: 60”.")
                raise forms.ValidationError(text)
            rates[name.strip()] = int(number)
        return rates

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}: {rate}" for name, rate in sorted(value.items()))
        return value


class BudgetsByModel(RatesByModel):
    """Lines like `model-name: 10 monthly`, as a map of what the gateway wants of each model."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        budgets: dict[str, dict[str, Any]] = {}
        for line in str(forms.CharField.to_python(self, value) or "").splitlines():
            if not line.strip():
                continue
            name, _colon, rest = line.rpartition(":")
            amount, _blank, period = rest.strip().partition(" ")
            if not name.strip() or not _AMOUNT.fullmatch(amount) or not period.strip():
                text = gettext("Write one line for each model, like “model-name: 10 monthly”.")
                raise forms.ValidationError(text)
            budgets[name.strip()] = {"budgetLimit": float(amount), "timePeriod": period.strip()}
        return budgets

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            lines = sorted(value.items())
            return "\n".join(f"{name}: {of['budgetLimit']:g} {of['timePeriod']}" for name, of in lines)
        return value
