"""The charts of the usage pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from litemaas.web.charts import Chart, Series, Unit
from litemaas.web.patterns import Pattern
from usage.figures import Figures, exact_sum, most_used_first
from usage.periods import Period
from usage.web.facts import Days, Facts

TOP = 10
METRICS = {
    "requests": gettext_lazy("Requests"),
    "total_tokens": gettext_lazy("Total tokens"),
    "prompt_tokens": gettext_lazy("Prompt tokens"),
    "completion_tokens": gettext_lazy("Completion tokens"),
    "cost": gettext_lazy("Cost"),
}
TREND, MODELS, PATTERN, SHARES = "usage-trend", "usage-models", "usage-pattern", "usage-shares"
Value = int | Decimal
_NOTHING = Figures()


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A line of the table under the shares: `share` in requests, per cent."""

    name: str
    figures: Figures
    share: Decimal


def value_of(figures: Figures, metric: str) -> Value:
    value: Value = getattr(figures, metric)
    return value


def _unit(metric: str) -> Unit:
    return "money" if metric == "cost" else "count"


def _rest(whole: Value, parts: Iterable[Value]) -> Value:
    """What the others have: never rounded, which the usual 28 digits would."""
    if isinstance(whole, Decimal):
        return exact_sum([whole, *(Decimal(part).copy_negate() for part in parts)])
    return whole - sum(int(part) for part in parts)


def trend(period: Period, days: Days, before: Days | None, missing: set[date], metric: str) -> Chart:
    """The metric by day, with the period before dashed. A day that was not read leaves a gap."""
    series = [Series(str(METRICS[metric]), [_on(day, days, missing, metric) for day in period])]
    if before is not None:
        earlier = [_on(day, before, set(), metric) for day in period.before]
        series.append(Series(_("The period before"), earlier, dashed=True))
    names = [day.isoformat() for day in period]
    return Chart(TREND, "line", _("Usage trend"), _("Day"), names, series, _unit(metric))


def renamed(chart: Chart, name: str, title: str) -> Chart:
    """The same for a page that shows other charts, too."""
    return replace(chart, id=name, title=title)


def by_model(facts: Facts, missing: set[date], metric: str) -> Chart:
    """The metric by day, stacked by model: the ten largest and all the others together."""
    sums = facts.models
    names = sorted(sums, key=lambda name: (-value_of(sums[name], metric), name))
    shown, period = facts.days_of(names[:TOP]), facts.question.period
    days = facts.days
    parts = [[_on(day, shown.get(name, {}), missing, metric) for day in period] for name in names[:TOP]]
    series = [Series(name or _("Unknown model"), values) for name, values in zip(names, parts, strict=False)]
    if names[TOP:]:
        rest = []
        for at, day in enumerate(period):
            whole = _on(day, days, missing, metric)
            known = [values[at] or 0 for values in parts]
            rest.append(None if whole is None else _rest(whole, known))
        series.append(Series(_("Others"), rest))
    heads = [day.isoformat() for day in period]
    return Chart(MODELS, "area", _("Usage by model"), _("Day"), heads, series, _unit(metric))


def _on(day: date, days: Days, missing: set[date], metric: str) -> Value | None:
    if day not in days and day in missing:
        return None
    return value_of(days.get(day, _NOTHING), metric)


def shares(models: Mapping[str, Figures], whole: Figures) -> Chart:
    """Requests by model: the ten most used, and all the others together."""
    ranked = most_used_first(dict(models))
    names = [name or _("Unknown model") for name, _figures in ranked[:TOP]]
    values = [figures.requests for _name, figures in ranked[:TOP]]
    if ranked[TOP:]:
        names.append(_("Others"))
        values.append(whole.requests - sum(values))
    series = [Series(_("Requests"), values)]
    return Chart(SHARES, "donut", _("Share of the models"), _("Model"), names, series)


def share_lines(models: Mapping[str, Figures], whole: Figures) -> list[Breakdown]:
    """Every model of the shares, for the table under them."""
    return [
        Breakdown(
            name or _("Unknown model"), figures, Decimal(100 * figures.requests) / (whole.requests or 1)
        )
        for name, figures in most_used_first(dict(models))
    ]


def pattern(period: Period, days: Days, missing: set[date], metric: str) -> Pattern:
    """The metric by day, in weeks."""
    values = {day: _on(day, days, missing, metric) for day in period}
    return Pattern(PATTERN, _("Weekly pattern"), period.first, period.last, values, _unit(metric))


def costs(chart_id: str, title: str, label: str, named: Sequence[tuple[str, Figures]], whole: Value) -> Chart:
    """Costs as bars, the largest first, and all the others together."""
    ranked = sorted(named, key=lambda pair: (-pair[1].cost, pair[0]))[:TOP]
    names, values = [name for name, _figures in ranked], [figures.cost for _name, figures in ranked]
    rest = _rest(whole, values)
    if rest > 0:
        names.append(_("Others"))
        values.append(Decimal(rest))
    return Chart(chart_id, "bar", title, label, names, [Series(_("Cost"), values)], "money")
