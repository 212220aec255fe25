"""The prices that somebody tells on the page of what-if: of all models, and of single ones, a line each."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import localize
from django.utils.translation import gettext, gettext_lazy

from usage.whatif import PriceList, Prices

MILLION = Decimal(1_000_000)
# The address holds the list: longer ones are for the API.
_LONGEST = 6000
_SEPARATORS = ("\t", ";", ",")
_PRICES_OF_LINE = (2, 3)


def _price(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_digits=24, decimal_places=12, required=False, **options
    )


class PricesForm(forms.Form):
    """Per million tokens, in the currency of all amounts."""

    input = _price(gettext_lazy("Input, per million tokens"))
    output = _price(gettext_lazy("Output, per million tokens"))
    cached = _price(
        gettext_lazy("Cached input, per million tokens"),
        help_text=gettext_lazy("Without a price of its own it costs what other input costs."),
    )
    single = forms.CharField(
        label=gettext_lazy("Prices of single models"),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "A line per model: its name, the prices of input and output and, if it has one, of cached input; with"
            " semicolons or tabs between them, as spreadsheets copy them. They go before the prices above."
        ),
    )

    def clean_single(self) -> dict[str, Prices]:
        found: dict[str, Prices] = {}
        for number, line in enumerate(self.cleaned_data["single"].splitlines(), 1):
            name, *cells = _cells(line)
            if not any(cells) or (number == 1 and not any(_has_digit(cell) for cell in cells)):
                # Prices that nobody filled in, or the headings.
                continue
            if not (name and len(cells) in _PRICES_OF_LINE and cells[0] and cells[1]):
                raise ValidationError(
                    gettext("Line %(line)s must have a name and two or three prices.") % {"line": number}
                )
            if name in found:
                raise ValidationError(
                    gettext("Line %(line)s names %(model)s a second time.") % {"line": number, "model": name}
                )
            plain, output, *cached = (_read(cell, number) for cell in cells)
            found[name] = _prices(plain or Decimal(0), output or Decimal(0), *cached)
        return found

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        is_told = any(told.get(name) is not None for name in ("input", "output", "cached"))
        if is_told or not (told.get("single") or "single" in self.errors):
            for name in ("input", "output"):
                if told.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("Required with the prices of all models."))
        return told

    @property
    def prices(self) -> PriceList | None:
        """None until they are right."""
        if not self.is_valid():
            return None
        told = self.cleaned_data
        others = None
        if told["input"] is not None and told["output"] is not None:
            others = _prices(told["input"], told["output"], told["cached"])
        return PriceList(told["single"], others)


def as_lines(models: Iterable[Any]) -> str:
    """Models with the prices that the catalogue has of them, as the form reads them."""
    lines: list[str] = []
    for model in models:
        costs = (model.input_cost_per_token, model.output_cost_per_token)
        line = "; ".join([model.name, *("" if cost is None else _text(cost * MILLION) for cost in costs)])
        if len(line) + sum(map(len, lines)) + 2 * len(lines) > _LONGEST:
            break
        lines.append(line)
    return "\n".join(lines)


def _text(price: Decimal) -> str:
    plain = f"{price:f}"
    return str(localize(Decimal(plain.rstrip("0").rstrip(".") if "." in plain else plain), use_l10n=True))


def _cells(line: str) -> list[str]:
    separator = next((one for one in _SEPARATORS if one in line), ";")
    return [cell.strip() for cell in line.split(separator)]


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _read(cell: str, number: int) -> Decimal | None:
    field = _price("", localize=True)
    try:
        price: Decimal | None = field.clean(cell)
    except ValidationError as error:
        raise ValidationError(
            gettext("Line %(line)s: %(price)s is not a price.") % {"line": number, "price": cell[:40]}
        ) from error
    return price


def _prices(plain: Decimal, output: Decimal, cached: Decimal | None = None) -> Prices:
    return Prices(plain / MILLION, output / MILLION, None if cached is None else cached / MILLION)
