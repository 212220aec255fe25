"""What the same calls would have cost with another model or other prices. The kinds of tokens are kept.

The rollups tell prompt, completion, cached and reasoning tokens apart. Cached tokens are part of the prompt's and
reasoning tokens part of the completion's; they cost what the others of their side cost unless a price of their own is
given. The same model with its own past prices is not computed at all: it gives exactly what was paid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from typing import Literal

from django.utils.translation import gettext as _

from catalog.models import Model
from litemaas.errors import InvalidInput
from usage.cubes.answers import groups_of
from usage.figures import Figures, exact_sum, summed
from usage.questions import Question

_EXACT = Context(prec=80)
# What a line's cost was reckoned from: what was paid, prices that were told, or the catalogue's.
Basis = Literal["paid", "told", "catalogue"]


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per token; `cached_input` None: as `input`."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def cost_of(self, figures: Figures) -> Decimal:
        cached = figures.cached_tokens if self.cached_input is not None else 0
        plain = max(figures.prompt_tokens - cached, 0)
        parts = (
            _EXACT.multiply(Decimal(plain), self.input),
            _EXACT.multiply(Decimal(cached), self.cached_input or Decimal(0)),
            _EXACT.multiply(Decimal(figures.completion_tokens), self.output),
        )
        return _EXACT.add(_EXACT.add(parts[0], parts[1]), parts[2])


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices that somebody tells: of single models, and of all others; None leaves those to the catalogue."""

    of_model: Mapping[str, Prices] = field(default_factory=dict)
    others: Prices | None = None

    def of(self, model: str) -> Prices | None:
        return self.of_model.get(model, self.others)


@dataclass(frozen=True, slots=True)
class Line:
    """`model` was used, `becomes` is what it is exchanged for; `cost` None where the prices are not known."""

    model: str
    becomes: str
    figures: Figures
    cost: Decimal | None
    basis: Basis = "paid"

    @property
    def difference(self) -> Decimal | None:
        return None if self.cost is None else _EXACT.subtract(self.cost, self.figures.cost)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`cost` None where the prices of one of the models are not known."""

    lines: list[Line]
    actual: Decimal
    cost: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        return None if self.cost is None else _EXACT.subtract(self.cost, self.actual)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A model in place of all that were used; `input` and `output` in US dollars per token."""

    model: str
    provider: str
    input: Decimal | None
    output: Decimal | None
    cost: Decimal | None
    difference: Decimal | None


def what_if(
    question: Question,
    *,
    exchange: Mapping[str, str] | None = None,
    model: str = "",
    prices: PriceList | None = None,
    now: datetime,
) -> WhatIf:
    """`model` takes the place of every model, `exchange` of some; `prices` go before what was paid and the catalogue's.

    Raises InvalidInput for a model that neither the catalogue nor the price list has.
    """
    told = prices or PriceList()
    sums = used_models(question, now=now)
    becomes = {used: model or (exchange or {}).get(used, used) for used in sums}
    _require_known({model, *(exchange or {}).values()} - {"", *becomes, *told.of_model})
    known = _prices_of(set(becomes.values()))
    lines = [_line(used, becomes[used], figures, told, known) for used, figures in sums.items()]
    costs = [line.cost for line in lines]
    return WhatIf(
        lines,
        exact_sum([line.figures.cost for line in lines]),
        None if None in costs else exact_sum([cost for cost in costs if cost is not None]),
    )


def _line(
    used: str, becomes: str, figures: Figures, told: PriceList, known: Mapping[str, Prices | None]
) -> Line:
    if (own := told.of(becomes)) is not None:
        return Line(used, becomes, figures, own.cost_of(figures), "told")
    if used == becomes:
        return Line(used, becomes, figures, figures.cost, "paid")
    found = known.get(becomes)
    return Line(used, becomes, figures, found.cost_of(figures) if found else None, "catalogue")


def used_models(question: Question, *, now: datetime) -> dict[str, Figures]:
    return {str(group.labels[0]): group.figures for group in groups_of(question, ("model",), now=now)}


def alternatives(sums: Mapping[str, Figures], models: Iterable[Model]) -> list[Alternative]:
    """What everything would have cost with each of these models: to the digit what `what_if` says of each. `sums` are
    those of the models used."""
    whole = summed(sums.values())
    found = []
    for model in models:
        cost = _cost_with(model, sums.get(model.pk, Figures()), whole)
        prices = (model.input_cost_per_token, model.output_cost_per_token)
        more = None if cost is None else _EXACT.subtract(cost, whole.cost)
        found.append(Alternative(model.pk, model.provider, *prices, cost, more))
    return found


def _cost_with(model: Model, own: Figures, whole: Figures) -> Decimal | None:
    """What was this model's already stays what it cost; the tokens of the others are priced, which is linear."""
    if own.requests == whole.requests:
        return own.cost
    cost_in, cost_out = model.input_cost_per_token, model.output_cost_per_token
    if cost_in is None or cost_out is None:
        return None
    others = Figures(
        prompt_tokens=whole.prompt_tokens - own.prompt_tokens,
        completion_tokens=whole.completion_tokens - own.completion_tokens,
    )
    return _EXACT.add(own.cost, Prices(cost_in, cost_out).cost_of(others))


def _require_known(names: set[str]) -> None:
    known = set(Model.objects.filter(pk__in=names).values_list("pk", flat=True)) if names else set()
    if missing := names - known:
        raise InvalidInput(fields={"model": _("There is no model %(missing)s.") % {"missing": min(missing)}})


def _prices_of(names: set[str]) -> dict[str, Prices | None]:
    """Present prices; None for a model whose prices the gateway does not tell."""
    rows = Model.objects.filter(pk__in=names).values_list(
        "pk", "input_cost_per_token", "output_cost_per_token"
    )
    return {
        name: Prices(cost_in, cost_out) if cost_in is not None and cost_out is not None else None
        for name, cost_in, cost_out in rows
    }
