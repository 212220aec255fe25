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
    """A line of the table under the shares: `share` of what they show, per cent."""

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
    shown, period, days = facts.days_of(names[:TOP]), facts.question.period, facts.days
    # Of a day that was read in part, what is known is shown: a model without calls had none.
    gone = missing - days.keys()
    parts = [[_on(day, shown.get(name, {}), gone, metric) for day in period] for name in names[:TOP]]
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


def shares(models: Mapping[str, Figures], whole: Figures, metric: str) -> Chart:
    """The metric by model: the ten largest, and all the others together."""
    ranked = _largest_first(models, metric)
    names = [name or _("Unknown model") for name, _figures in ranked[:TOP]]
    values = [value_of(figures, metric) for _name, figures in ranked[:TOP]]
    if ranked[TOP:]:
        names.append(_("Others"))
        values.append(_rest(value_of(whole, metric), values))
    series = [Series(str(METRICS[metric]), values)]
    return Chart(SHARES, "donut", _("Share of the models"), _("Model"), names, series, _unit(metric))


def share_lines(models: Mapping[str, Figures], whole: Figures, metric: str) -> list[Breakdown]:
    """Every model of the shares, for the table under them."""
    of = value_of(whole, metric) or 1
    return [
        Breakdown(name or _("Unknown model"), figures, Decimal(100 * value_of(figures, metric)) / Decimal(of))
        for name, figures in _largest_first(models, metric)
    ]


def _largest_first(models: Mapping[str, Figures], metric: str) -> list[tuple[str, Figures]]:
    """Among equals the most used first."""
    ranked = most_used_first(dict(models))
    return sorted(ranked, key=lambda pair: -value_of(pair[1], metric))


def pattern(period: Period, days: Days, missing: set[date], metric: str) -> Pattern:
    """The metric by day, in weeks."""
    values = {day: _on(day, days, missing, metric) for day in period}
    return Pattern(PATTERN, _("Weekly pattern"), period.first, period.last, values, _unit(metric))


def bars(
    chart_id: str, title: str, label: str, named: Sequence[tuple[str, Figures]], whole: Figures, metric: str
) -> Chart:
    """The metric as bars, the largest first, and all the others together."""
    ranked = sorted(named, key=lambda pair: (-value_of(pair[1], metric), pair[0]))[:TOP]
    names = [name for name, _figures in ranked]
    values = [value_of(figures, metric) for _name, figures in ranked]
    rest = _rest(value_of(whole, metric), values)
    if rest > 0:
        names.append(_("Others"))
        values.append(rest)
    series = [Series(str(METRICS[metric]), values)]
    return Chart(chart_id, "bar", title, label, names, series, _unit(metric))
