"""What tokens of a model cost at its present prices."""

from dataclasses import dataclass
from decimal import Context, Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Model
from litemaas.web.forms import WholeNumber

# More than anybody uses, and still a number that a page can show.
_MOST = 10**15
_EXACT = Context(prec=80)


class CalculatorForm(forms.Form):
    input_tokens = WholeNumber(label=_("Input tokens"), min_value=0, max_value=_MOST)
    output_tokens = WholeNumber(label=_("Output tokens"), min_value=0, max_value=_MOST)

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Input and output; None while they make no sense. Nothing typed yet counts as the example."""
        if not self.is_bound:
            return self.get_initial_for_field(self.fields["input_tokens"], "input_tokens"), (
                self.get_initial_for_field(self.fields["output_tokens"], "output_tokens")
            )
        if not self.is_valid():
            return None
        return self.cleaned_data["input_tokens"], self.cleaned_data["output_tokens"]


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
