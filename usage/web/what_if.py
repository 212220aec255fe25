"""What one's own calls would have cost with another model, or at other prices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from django import forms
from django.core.paginator import Page
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from catalog.models import Model
from litemaas import currency
from litemaas.web.addresses import address_with
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Shown, Table
from usage.figures import Figures, summed
from usage.quality import coverage
from usage.questions import Question
from usage.scopes import Scope
from usage.web.filters import UsageFilter
from usage.web.price_list import PricesForm, as_lines
from usage.web.views import common
from usage.whatif import Alternative, Line, WhatIf, alternatives, used_models, what_if

_FACTS = ("id", "model_type", "provider", "input_cost_per_token", "output_cost_per_token")
_PRICES = ("input", "output", "cached", "single")
# So many of the models used begin a price list.
_MOST_STARTED = 50
T = TypeVar("T")


class WhatIfFilter(UsageFilter):
    """One's own calls, and the model that takes the place of theirs."""

    becomes = forms.ChoiceField(label=gettext_lazy("Model instead"), required=False)
    field_order = ["period", "first", "last", "modelIds", "apiKeyIds", "teamIds", "becomes"]

    def __init__(self, query: QueryDict, *, user: User, now: datetime) -> None:
        super().__init__(query, user=user, now=now)
        del self.fields["compare"]
        self.models = list(Model.objects.visible_to(user).only(*_FACTS).order_by("pk"))
        names = [(model.pk, model.name) for model in self.models]
        cast("forms.ChoiceField", self.fields["becomes"]).choices = names
        self.full_clean()

    @property
    def model(self) -> str:
        return next(iter(self.picked("becomes")), "")


_BASES = {
    "paid": gettext_lazy("As paid"),
    "told": gettext_lazy("Your own"),
    "catalogue": gettext_lazy("The catalogue’s"),
}
_BECOMES: Column[Line] = Column("becomes", gettext_lazy("Model instead"), lambda line: line.becomes)
_BASIS: Column[Line] = Column("basis", gettext_lazy("Prices"), lambda line: _BASES[line.basis])


def _lines(name: str, column: Column[Line]) -> Table[Line]:
    figures: list[Column[Line]] = [
        Column(key, title, value, order=key, numeric=True, is_extra=key == "cached")
        for key, title, value in (
            ("requests", gettext_lazy("Requests"), lambda line: line.figures.requests),
            ("prompt", gettext_lazy("Prompt tokens"), lambda line: line.figures.prompt_tokens),
            ("cached", gettext_lazy("Cached tokens"), lambda line: line.figures.cached_tokens),
            ("completion", gettext_lazy("Completion tokens"), lambda line: line.figures.completion_tokens),
            ("paid", gettext_lazy("Cost"), lambda line: line.figures.cost),
            ("would", gettext_lazy("Would have cost"), lambda line: line.cost),
            ("difference", gettext_lazy("Difference"), lambda line: line.difference),
        )
    ]
    named: Column[Line] = Column(
        "name", gettext_lazy("Model"), lambda line: line.model, order="name", is_fixed=True
    )
    return Table(name, [named, column, *figures], sort="-paid")


LINES, PRICED = _lines("what-if", _BECOMES), _lines("what-if-prices", _BASIS)
ALTERNATIVES: Table[Alternative] = Table(
    "what-if-models",
    [
        Column("name", gettext_lazy("Model"), lambda one: one.model, order="name", is_fixed=True),
        Column("provider", gettext_lazy("Provider"), lambda one: one.provider, order="provider"),
        *(
            Column(name, title, value, order=name, numeric=True)
            for name, title, value in (
                ("input", gettext_lazy("Input price"), lambda one: one.input),
                ("output", gettext_lazy("Output price"), lambda one: one.output),
                ("would", gettext_lazy("Would have cost"), lambda one: one.cost),
                ("difference", gettext_lazy("Difference"), lambda one: one.difference),
            )
        ),
    ],
    sort="would",
)


@dataclass(frozen=True)
class _Listed:
    """`rows` of the page, each with the address that the page has with this row's model instead."""

    table: Shown[Any]
    page: Page[Any]
    rows: list[tuple[Any, str]]


@require_GET
@signed_in
def what_if_page(request: PageRequest) -> HttpResponseBase:
    now, user = timezone.now(), request.user
    chosen = WhatIfFilter(request.GET, user=user, now=now)
    prices_form = PricesForm(request.GET if _PRICES_ASKED & request.GET.keys() else None)
    question = Question(Scope.of(user), chosen.chosen, chosen.filters)
    quality = coverage(question.period, now=now, since=user.created_at)
    prices, found = prices_form.prices, None
    if prices or chosen.model:
        found = what_if(question, model="" if prices else chosen.model, prices=prices, now=now)
    sums = {line.model: line.figures for line in found.lines} if found else used_models(question, now=now)
    listed = _listed(request, chosen, found, sums, is_priced=prices is not None)
    if isinstance(listed, StreamingHttpResponse):
        return listed
    values = {
        **common(request, chosen, question, quality),
        "total": summed(sums.values()),
        "found": found,
        "becomes": "" if prices else chosen.model,
        "prices_form": prices_form,
        "not_used": sorted(prices.of_model.keys() - sums.keys()) if prices else [],
        "bases": _BASES,
        "currency_code": currency.current()["code"],
        "kept": [(name, one) for name, ones in request.GET.lists() if name not in _LEFT for one in ones],
        "listed": listed,
        "without_prices": address_with(request, **dict.fromkeys((*_PRICES, "sort", "page"))),
        "started_list": address_with(
            request, single=_started(chosen, sums), **dict.fromkeys(_LEFT - {"single"})
        ),
        "export_address": "",
        "usage_address": reverse("usage"),
    }
    return render(request, "usage/what_if.html", values)


def _started(chosen: WhatIfFilter, sums: Mapping[str, Figures]) -> str:
    """A price list to change: what the dearest models cost by the catalogue."""
    used = [model for model in chosen.models if model.pk in sums]
    used.sort(key=lambda model: (-sums[model.pk].cost, model.pk))
    return as_lines(used[:_MOST_STARTED])


# What belongs to the other way of asking.
_LEFT = {*_PRICES, "becomes", "sort", "page", "format"}
_PRICES_ASKED = {"input", "single"}


def _listed(
    request: HttpRequest,
    chosen: WhatIfFilter,
    found: WhatIf | None,
    sums: Mapping[str, Figures],
    *,
    is_priced: bool,
) -> _Listed | StreamingHttpResponse:
    if found:
        return _page(request, PRICED if is_priced else LINES, found.lines)
    return _page(request, ALTERNATIVES, alternatives(sums, _fitting(chosen.models, sums)))


def _fitting(models: Sequence[Model], sums: Mapping[str, Figures]) -> Sequence[Model]:
    """Those that do what most was paid for: an embedding model answers no chat, however cheap it is."""
    used = [model for model in models if model.pk in sums]
    if not used:
        return models
    wanted = max(used, key=lambda model: (sums[model.pk].cost, model.pk)).model_type
    return [model for model in models if model.model_type == wanted]


def _page(request: HttpRequest, table: Table[T], rows: Iterable[T]) -> _Listed | StreamingHttpResponse:
    shown = table.shown_to(request)
    column = shown.column(shown.sort.removeprefix("-"))
    ordered = _sorted(rows, column.value or str, descending=shown.sort.startswith("-"))
    if shown.wants_file:
        return shown.file(ordered)
    page = page_of(cast("Any", ordered), request.GET)
    linked: list[tuple[Any, str]] = [
        (row, address_with(request, becomes=row.model, sort=None, page=None)) for row in cast("Any", page)
    ]
    return _Listed(shown, page, linked)


def _sorted(rows: Iterable[T], value: Callable[[T], Any], *, descending: bool) -> list[T]:
    """What is not known comes last, whichever way round."""
    kept = list(rows)
    known = [row for row in kept if value(row) is not None]
    return sorted(known, key=value, reverse=descending) + [row for row in kept if value(row) is None]
