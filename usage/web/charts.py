"""The charts of the usage page."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from litemaas.web.charts import Chart, Series
from litemaas.web.patterns import Pattern
from usage.figures import Figures, Line, grouped, most_used_first
from usage.periods import Period
from usage.web.filters import METRICS

TOP = 10


def value_of(figures: Figures, metric: str) -> int | Decimal:
    value: int | Decimal = getattr(figures, metric)
    return value


def trend(period: Period, lines: list[Line], earlier: list[Line], missing: set[date], metric: str) -> Chart:
    """The metric by day, with the period before dashed. A day that was not read leaves a gap."""
    now, before = grouped(lines, lambda line: line.at), grouped(earlier, lambda line: line.at)
    return Chart(
        "usage-trend",
        "line",
        _("Usage trend"),
        _("Day"),
        [day.isoformat() for day in period],
        [
            Series(str(METRICS[metric]), [_on(day, now, missing, metric) for day in period]),
            Series(
                _("The period before"),
                [_on(day, before, set(), metric) for day in period.before],
                dashed=True,
            ),
        ],
        "money" if metric == "cost" else "count",
    )


def renamed(chart: Chart, name: str, title: str) -> Chart:
    """The same for a page that shows other charts, too."""
    return replace(chart, id=name, title=title)


def by_model(period: Period, lines: list[Line], missing: set[date], metric: str) -> Chart:
    """The metric by day, stacked by model: the ten largest and all the others together."""
    sums = grouped(lines, lambda line: line.model)
    names = sorted(sums, key=lambda name: (-value_of(sums[name], metric), name))
    series = [_series(name, [name], period, lines, missing, metric) for name in names[:TOP]]
    if names[TOP:]:
        series.append(_series(_("Others"), names[TOP:], period, lines, missing, metric))
    days = [day.isoformat() for day in period]
    unit = "money" if metric == "cost" else "count"
    return Chart("usage-models", "area", _("Usage by model"), _("Day"), days, series, unit)  # type: ignore[arg-type]


def _series(
    title: str, models: Iterable[str], period: Period, lines: list[Line], missing: set[date], metric: str
) -> Series:
    wanted = set(models)
    by_day = grouped((line for line in lines if line.model in wanted), lambda line: line.at)
    return Series(title, [_on(day, by_day, missing, metric) for day in period])


def _on(day: date, by_day: dict[date, Figures], missing: set[date], metric: str) -> int | Decimal | None:
    if day not in by_day and day in missing:
        return None
    return value_of(by_day.get(day, Figures()), metric)


def shares(lines: list[Line]) -> Chart:
    """Requests by model: the ten most used, and all the others together."""
    ranked = most_used_first(grouped(lines, lambda line: line.model))
    names = [name or _("Unknown model") for name, _figures in ranked[:TOP]]
    values = [figures.requests for _name, figures in ranked[:TOP]]
    if ranked[TOP:]:
        names.append(_("Others"))
        values.append(sum(figures.requests for _name, figures in ranked[TOP:]))
    return Chart(
        "usage-shares", "donut", _("Share of the models"), _("Model"), names, [Series(_("Requests"), values)]
    )


def pattern(period: Period, lines: list[Line], missing: set[date], metric: str) -> Pattern:
    """The metric by day, in weeks."""
    by_day = grouped(lines, lambda line: line.at)
    return Pattern(
        "usage-pattern",
        _("Weekly pattern"),
        period.first,
        period.last,
        {day: _on(day, by_day, missing, metric) for day in period},
        "money" if metric == "cost" else "count",
    )


def costs(chart_id: str, title: str, label: str, named: list[tuple[str, Figures]]) -> Chart:
    """Costs as bars, the largest first."""
    ranked = sorted(named, key=lambda pair: (-pair[1].cost, pair[0]))[:TOP]
    return Chart(
        chart_id,
        "bar",
        title,
        label,
        [name for name, _figures in ranked],
        [Series(_("Cost"), [figures.cost for _name, figures in ranked])],
        "money",
    )
