"""Figures: metric cards, budget and quota bars, charts with their table twin."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.template import Library
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from litemaas.web import meters, spark
from litemaas.web.charts import Chart
from litemaas.web.elements import blank, render, stripped
from litemaas.web.limits import LimitLevel
from litemaas.web.patterns import STEPS, Pattern, Week
from litemaas.web.templatetags.formats import compact_text, money_text, number_text, percent_text
from litemaas.web.templatetags.formats import window as window_text

register = Library()

Number = int | Decimal
Form = Literal["count", "money", "percent", "rate"]
# What no text of a cell has, and escaping leaves alone.
_BETWEEN, _UNKNOWN = "\ue001", "\ue002"


@register.simple_tag
def metric(
    title: str, value: Number | None, icon: str = "", form: Form = "count", **options: Any
) -> SafeString:
    """A figure on a card. `form`: count (compact), money, percent, rate (of success: with word and colour).

    Options: `before` (the value of the period before) and `versus` (that period in words) show the change; `good`
    (up or down) colours it, without it a change is just a change; `compared` false leaves it out;
    `note` is a line under the value; `level` of the heading (3).
    """
    short, full = _figure(value, form)
    is_compared = "before" in options and options.get("compared", True)
    change = meters.compare(value, options.get("before")) if is_compared else None
    return render(
        "metric",
        title=title,
        icon=icon,
        short=short,
        full=full,
        change=change,
        change_text=percent_text(change.percent) if change else "",
        tone=_tone(change, options.get("good", "")),
        versus=options.get("versus", ""),
        note=options.get("note", ""),
        level=options.get("level", 3),
        rate=success_rate(Decimal(value)) if form == "rate" and value is not None else "",
    )


def _figure(value: Number | None, form: Form) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if form == "money":
        return money_text(value), money_text(value, exact=True)
    if form in ("percent", "rate"):
        return percent_text(value), percent_text(value)
    return compact_text(value), number_text(value)


def _tone(change: meters.Change | None, good: str) -> str:
    if not good or change is None or change.direction not in {"up", "down"}:
        return ""
    return "success" if change.direction == good else "danger"


@register.simple_tag
def success_rate(value: Decimal | None) -> SafeString:
    """In per cent, with word and colour: 95 and more is good, 85 and more a warning (ui.md §3.7)."""
    if value is None:
        return render("not_known")
    tone, icon, word = "red", "exclamation-circle", gettext("%(rate)s, too many failures")
    if value >= 95:
        tone, icon, word = "green", "check-circle", gettext("%(rate)s, good")
    elif value >= 85:
        tone, icon, word = "orange", "exclamation-triangle", gettext("%(rate)s, watch this")
    return render("label", text=word % {"rate": percent_text(value)}, tone=tone, icon=icon)


@register.simple_tag
def budget(spend: Decimal | None, limit: Decimal | None, label: str = "", **options: Any) -> SafeString:
    """Spend against a limit in money. Options: `window` (as it is kept: `monthly`, `30d`), `resets` (a date), `soft`
    (soft budget), `compact` (its name for screen readers only: beside other things that say "Budget")."""
    soft = options.get("soft")
    return _meter(
        label or gettext("Budget"),
        meters.read(spend, limit),
        used=None if spend is None else money_text(spend),
        limit=None if limit is None else money_text(limit),
        over=money_text,
        tick=meters.share(soft, limit) if soft is not None and limit else None,
        tick_text="" if soft is None else money_text(soft),
        window=window_text(options.get("window") or ""),
        resets=options.get("resets"),
        compact=options.get("compact", False),
    )


@register.simple_tag
def quota(label: str, used: int | None, limit: int | None, resets: date | None = None) -> SafeString:
    """Use against a limit in numbers, for requests and tokens."""
    return _meter(
        label,
        meters.read(used, limit),
        used=None if used is None else number_text(used),
        limit=None if limit is None else number_text(limit),
        over=number_text,
        resets=resets,
    )


@register.simple_tag
def effective_limits(levels: Sequence[LimitLevel], caption: str = "") -> SafeString:
    """What holds at once, one row per giver of limits, from the person to the model; what stops first is marked."""
    has_parallel = any(level.max_parallel_requests is not None for level in levels)
    caption = caption or gettext("Limits that hold at once")
    return render("effective_limits", levels=levels, caption=caption, has_parallel=has_parallel)


def _meter(label: str, reading: meters.Reading, *, over: Any, **values: Any) -> SafeString:
    return render(
        "meter",
        label=label,
        reading=reading,
        # An SVG length, which is never written with the reader's decimal comma.
        width=f"{reading.width:.2f}",
        percent_text="" if reading.percent is None else percent_text(reading.percent),
        over_text=over(reading.over) if reading.over else "",
        **values,
    )


@register.simple_block_tag
def chart_card(content: str, chart: Chart, level: int = 2, **options: Any) -> SafeString:
    """A chart, its table twin and its summary. Content: what stands in the head.

    Options: `metrics` (a MetricChoice), `csv` (the address of its values), `full` (the address of the page or dialog
    that shows it large), `large` (this is that dialog).
    """
    return render(
        "chart_card",
        content=stripped(content),
        chart=chart,
        level=level,
        data_id=f"{chart.id}-data",
        rows="" if chart.is_empty else _chart_rows(chart),
        **options,
    )


def _chart_rows(chart: Chart) -> SafeString:
    head, tail = blank("chart_cell", ["text"])({"text": _BETWEEN}).split(_BETWEEN)
    unknown, joint = render("not_known").strip(), tail + head

    def cells(texts: list[str | None]) -> SafeString:
        # Escaped together: there are a thousand.
        inner = escape(_BETWEEN.join(_UNKNOWN if text is None else text for text in texts))
        return mark_safe(head + inner.replace(_BETWEEN, joint).replace(_UNKNOWN, unknown) + tail)  # noqa: S308

    return _rows((name, cells(texts)) for name, texts in chart.table)


def _rows(named: Iterable[tuple[str, SafeString]]) -> SafeString:
    row = blank("chart_row", ["name", "cells"])
    return mark_safe("".join(row({"name": name, "cells": cells}) for name, cells in named))  # noqa: S308


@register.simple_tag
def sparkline(chart: Chart, label: str, total: Number | None = None, note: str = "") -> SafeString:
    """A small line without axes, of the chart's first series, with its table twin below. `total` stands beside it."""
    return render(
        "sparkline",
        id=chart.id,
        chart=chart,
        label=label,
        total=chart.text(total),
        note=note,
        lines=spark.lines(chart.series[0].values),
        width=spark.WIDTH,
        height=spark.HEIGHT,
    )


@register.simple_tag
def week_pattern(pattern: Pattern, **options: Any) -> SafeString:
    """A table Monday to Sunday by weeks, shaded by size; it is its own table twin. Options as of `chart_card`."""
    weekdays = [(WEEKDAYS_ABBR[n], WEEKDAYS[n]) for n in range(7)]
    cell = blank("pattern_cell", ["state", "step", "shown", "text"])

    def cells(week: Week) -> SafeString:
        facts = (
            {"state": one.state, "step": one.step, "shown": one.shown, "text": one.text} for one in week.cells
        )
        return mark_safe("".join(map(cell, facts)))  # noqa: S308

    rows = _rows((week.name, cells(week)) for week in pattern.weeks)
    steps = range(1, STEPS + 1)
    return render("week_pattern", pattern=pattern, weekdays=weekdays, steps=steps, rows=rows, **options)
