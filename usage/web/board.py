"""The charts of one page of usage: each with its metric, its file and its large view, all in the address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render

from litemaas import cells
from litemaas.errors import NotFound
from litemaas.web.addresses import address_with
from litemaas.web.charts import Chart, MetricChoice
from litemaas.web.patterns import Pattern
from usage.web import charts
from usage.web.facts import Facts, total

# The address asks for a chart's values, or for the chart alone and large.
CSV, FULL = "csv", "full"


@dataclass(frozen=True)
class Drawn:
    """A chart or a pattern, with what its card needs."""

    chart: Chart | Pattern
    csv: str
    full: str
    metrics: MetricChoice

    @property
    def is_pattern(self) -> bool:
        return isinstance(self.chart, Pattern)


class Board:
    """Charts are made when they are asked for: a page shows all, a file needs one."""

    names: Sequence[str] = ("trend", "models", "pattern", "shares")

    def __init__(self, request: HttpRequest, facts: Facts, missing: Sequence[date]) -> None:
        self.facts = facts
        self._request, self._missing = request, set(missing)

    @cached_property
    def trend(self) -> Drawn:
        facts, metric = self.facts, self._metric("trend")
        found = charts.trend(facts.question.period, facts.days, facts.before, self._missing, metric)
        return self._drawn("trend", found, metric)

    @cached_property
    def models(self) -> Drawn:
        metric = self._metric("models")
        return self._drawn("models", charts.by_model(self.facts, self._missing, metric), metric)

    @cached_property
    def pattern(self) -> Drawn:
        metric = self._metric("pattern")
        found = charts.pattern(self.facts.question.period, self.facts.days, self._missing, metric)
        return self._drawn("pattern", found, metric)

    @cached_property
    def shares(self) -> Drawn:
        metric = self._metric("shares")
        return self._drawn("shares", charts.shares(self.facts.models, total(self.facts), metric), metric)

    def _metric(self, name: str, usual: str = "requests") -> str:
        asked = self._request.GET.get(name, "")
        return asked if asked in charts.METRICS else usual

    def _drawn(self, name: str, chart: Chart | Pattern, metric: str) -> Drawn:
        return Drawn(
            chart,
            address_with(self._request, **{CSV: name, FULL: None}),
            address_with(self._request, **{FULL: name, CSV: None}),
            self._choice(name, metric),
        )

    def _choice(self, name: str, metric: str) -> MetricChoice:
        query: QueryDict = self._request.GET
        kept = [(key, value) for key, values in query.lists() if key != name for value in values]
        return MetricChoice(name, metric, list(charts.METRICS.items()), kept)

    # --- one chart alone

    def answer(self) -> HttpResponse | StreamingHttpResponse | None:
        """The file or the large view that the address asks for; None when it asks for the page."""
        if name := self._request.GET.get(CSV, ""):
            return self._file(name) if name in self.names else None
        if name := self._request.GET.get(FULL, ""):
            return self._large(name)
        return None

    def _named(self, name: str) -> Drawn:
        if name not in self.names:
            raise NotFound
        found: Drawn = getattr(self, name)
        return found

    def _file(self, name: str) -> StreamingHttpResponse:
        chart = self._named(name).chart
        heads, rows = chart.raw
        period = self.facts.question.period
        return as_file(f"{chart.id}-{period.first}-to-{period.last}", heads, rows)

    def _large(self, name: str) -> HttpResponse:
        drawn = self._named(name)
        # In a dialog it stands beside itself: it needs another name.
        chart = replace(drawn.chart, id=f"{drawn.chart.id}-large")
        values: dict[str, Any] = {
            "wide_dialog": True,
            "chart": chart,
            "is_pattern": drawn.is_pattern,
            "csv": drawn.csv,
            "back": address_with(self._request, **{FULL: None}),
            "period": self.facts.question.period,
        }
        if name == "shares":
            values["lines"] = charts.share_lines(self.facts.models, total(self.facts), self._metric("shares"))
        return render(self._request, "usage/chart.html", values)


def as_file(name: str, heads: Sequence[Any], rows: Any) -> StreamingHttpResponse:
    """Rows as a CSV file for the reader's spreadsheet."""
    answer = StreamingHttpResponse(cells.streamed(heads, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
