"""What tokens of a model cost at its present prices."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Model
from litemaas.web.forms import WholeNumber

# More than anybody uses, and still a number that a page can show.
_MOST = 10**15
_EXACT = Context(prec=80)


def has_output(model: Model) -> bool:
    """Vectors are no tokens: embeddings are paid by what goes in, unless the gateway names a price for more."""
    return model.model_type != Model.Type.EMBEDDINGS or model.output_cost_per_token is not None


class CalculatorForm(forms.Form):
    input_tokens = WholeNumber(label=_("Input tokens"), min_value=0, max_value=_MOST)
    output_tokens = WholeNumber(label=_("Output tokens"), min_value=0, max_value=_MOST)

    def __init__(self, *args: Any, has_output: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        if not has_output:
            del self.fields["output_tokens"]

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Input and output; None while they make no sense. Nothing typed yet counts as the example."""
        if self.is_bound and not self.is_valid():
            return None
        typed = (
            self.cleaned_data
            if self.is_bound
            else {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}
        )
        return typed["input_tokens"], typed.get("output_tokens", 0)


@dataclass(frozen=True)
class Estimate:
    """US dollars, exact; None where the gateway tells no price. Tokens of which there are none cost nothing."""

    input: Decimal | None
    output: Decimal | None

    @classmethod
    def of(cls, model: Model, tokens: tuple[int, int]) -> "Estimate":
        return cls(
            _cost(tokens[0], model.input_cost_per_token), _cost(tokens[1], model.output_cost_per_token)
        )

    @property
    def total(self) -> Decimal | None:
        return None if self.input is None or self.output is None else _EXACT.add(self.input, self.output)


def _cost(count: int, price: Decimal | None) -> Decimal | None:
    if count == 0:
        return Decimal(0)
    return None if price is None else _EXACT.multiply(Decimal(count), price)
