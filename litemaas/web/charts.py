"""What a chart shows, told three times from the same numbers: drawing, table and one sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.utils.translation import gettext

from litemaas import currency
from litemaas.web import meters
from litemaas.web.templatetags.formats import money_text, number_text, percent_text

Kind = Literal["line", "area", "bar", "donut"]
Unit = Literal["count", "money"]
Number = int | Decimal


@dataclass(frozen=True)
class MetricChoice:
    """What a chart can show instead: `options` are values and their words; the chosen one goes into `parameter`.

    `kept` are the other parameters of the address.
    """

    parameter: str
    chosen: str
    options: Sequence[tuple[str, Any]]
    kept: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Series:
    """One value per category; None is a day that could not be fetched and leaves a gap. `dashed`: a comparison."""

    name: str
    values: Sequence[Number | None]
    dashed: bool = False

    @property
    def known(self) -> list[Number]:
        return [value for value in self.values if value is not None]

    @property
    def total(self) -> Number:
        return sum(self.known)


@dataclass(frozen=True)
class Chart:
    """`line` and `area` (stacked) run over days, `bar` is horizontal, `donut` takes the first series.

    `id` is unique on the page. `category_label` heads the table's first column, "Day" or "Model".
    """

    id: str
    kind: Kind
    title: str
    category_label: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: Unit = "count"

    @property
    def is_empty(self) -> bool:
        return not any(series.known for series in self.series)

    @property
    def missing(self) -> int:
        """How many categories have no value at all; what they are compared with does not count."""
        main = [series for series in self.series if not series.dashed]
        return sum(all(series.values[at] is None for series in main) for at in range(len(self.categories)))

    def text(self, value: Number | None) -> str | None:
        if value is None:
            return None
        return money_text(value) if self.unit == "money" else number_text(value)

    @property
    def table(self) -> list[tuple[str, list[str | None]]]:
        """The table twin: the category, then a text per series (None: not known), and a donut's share in per cent."""
        return [(category, self._row(at)) for at, category in enumerate(self.categories)]

    @property
    def raw(self) -> tuple[list[str], Iterator[list[Any]]]:
        """The CSV twin: a heading, then the category with every value to its last digit; None is not known."""
        names = [self.category_label, *(series.name for series in self.series)]
        rows = (
            [category, *(series.values[at] for series in self.series)]
            for at, category in enumerate(self.categories)
        )
        return names, rows

    def _row(self, at: int) -> list[str | None]:
        texts = [self.text(series.values[at]) for series in self.series]
        return [*texts, self._share(at)] if self.kind == "donut" else texts

    def _share(self, at: int) -> str | None:
        value, total = self.series[0].values[at], self.series[0].total
        if value is None:
            return None
        return percent_text(meters.share(value, total)) if total else percent_text(0)

    @property
    def summary(self) -> str:
        """One sentence that stands for the drawing."""
        if self.is_empty:
            return gettext("No data in this period.")
        return self._range_summary() if self.kind == "line" else self._share_summary()

    def _range_summary(self) -> str:
        main = self.series[0]
        pairs = zip(main.values, self.categories, strict=True)
        known = [(value, category) for value, category in pairs if value is not None]
        if not known:
            return gettext("No data in this period.")
        low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
        return gettext("Highest %(high)s (%(high_at)s), lowest %(low)s (%(low_at)s), mean %(mean)s.") % {
            "high": self.text(high[0]),
            "high_at": high[1],
            "low": self.text(low[0]),
            "low_at": low[1],
            "mean": self.text(self._mean(main)),
        }

    def _mean(self, series: Series) -> Decimal:
        mean = Decimal(series.total) / len(series.known)
        # Two digits that say something: a mean of 0.03 is not none.
        places = max(1, 1 - mean.adjusted()) if mean else 1
        return mean if self.unit == "money" else mean.quantize(Decimal(1).scaleb(-places)).normalize()

    def _share_summary(self) -> str:
        parts = self._parts()
        total = sum(value for _, value in parts)
        name, value = max(parts, key=lambda part: part[1])
        return gettext("Total %(total)s; most: %(name)s with %(value)s (%(share)s).") % {
            "total": self.text(total),
            "name": name,
            "value": self.text(value),
            "share": percent_text(meters.share(value, total)) if total else percent_text(0),
        }

    def _parts(self) -> list[tuple[str, Number]]:
        if self.kind == "area":
            return [(series.name, series.total) for series in self.series]
        return [
            (name, value or 0) for name, value in zip(self.categories, self.series[0].values, strict=True)
        ]

    @property
    def drawing(self) -> dict[str, Any]:
        """What the script draws from. Floats are good enough for pixels; the exact values are in the table."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "currency": currency.current()["code"],
            "categories": list(self.categories),
            "series": [
                {
                    "name": series.name,
                    "dashed": series.dashed,
                    "values": [None if value is None else float(value) for value in series.values],
                }
                for series in self.series
            ],
        }
