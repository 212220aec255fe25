"""The weekly pattern: a table of days whose cells are shaded by size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import log1p
from typing import Any, Literal

from django.utils.translation import gettext

from litemaas.web import meters
from litemaas.web.charts import Unit
from litemaas.web.templatetags.formats import compact_text, money_text, number_text, percent_text

Number = int | Decimal
STEPS = 6
State = Literal["value", "zero", "missing", "outside"]


@dataclass(frozen=True)
class Cell:
    """`step` 1 to 6 grows with the logarithm of the value. `text` says what screen readers hear."""

    day: date
    state: State
    step: int = 0
    shown: str = ""
    text: str = ""


@dataclass(frozen=True)
class Week:
    """From Monday on; `name` is its Monday."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True)
class Pattern:
    """`values` of the days from `first` to `last`; None is a day that could not be read, one not named is zero."""

    id: str
    title: str
    first: date
    last: date
    values: Mapping[date, Number | None]
    unit: Unit = "count"

    @property
    def weeks(self) -> list[Week]:
        monday = self.first - timedelta(days=self.first.weekday())
        found = []
        while monday <= self.last:
            days = [monday + timedelta(days=n) for n in range(7)]
            found.append(Week(monday.isoformat(), [self._cell(day, self._week_total(days)) for day in days]))
            monday += timedelta(days=7)
        return found

    @property
    def raw(self) -> tuple[list[str], Iterator[list[Any]]]:
        """The CSV twin: day, day of the week from Monday = 1, and value; None is not known."""
        days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        rows = ([day.isoformat(), day.isoweekday(), self.values.get(day, 0)] for day in days)
        return [gettext("Day"), gettext("Weekday"), self.title], rows

    @property
    def summary(self) -> str:
        """One sentence that stands for the shades."""
        known = {day: value for day, value in self.values.items() if value is not None}
        if not any(known.values()):
            return gettext("No data in this period.")
        busiest = max(known, key=lambda day: (known[day], day))
        return gettext("Highest %(high)s on %(day)s.") % {
            "high": self._text(known[busiest]),
            "day": busiest.isoformat(),
        }

    @property
    def missing(self) -> int:
        """How many days could not be read."""
        return sum(value is None for value in self.values.values())

    @property
    def is_empty(self) -> bool:
        return not any(self.values.values())

    def _week_total(self, days: list[date]) -> Number:
        return sum((self.values.get(day) or 0 for day in days), 0)

    def _cell(self, day: date, week: Number) -> Cell:
        if not self.first <= day <= self.last:
            return Cell(
                day, "outside", text=gettext("%(day)s: not in this period") % {"day": day.isoformat()}
            )
        value = self.values.get(day, 0)
        if value is None:
            return Cell(day, "missing", text=gettext("%(day)s: not read") % {"day": day.isoformat()})
        shown = self._text(value) if self.unit == "money" else compact_text(value)
        if not value:
            return Cell(day, "zero", shown=shown, text=f"{day.isoformat()}: {shown}")
        share = percent_text(meters.share(value, week))
        text = gettext("%(day)s: %(value)s, %(share)s of the week") % {
            "day": day.isoformat(),
            "value": self._text(value),
            "share": share,
        }
        return Cell(day, "value", self._step(value), shown, text)

    def _text(self, value: Number) -> str:
        return money_text(value) if self.unit == "money" else number_text(value)

    def _step(self, value: Number) -> int:
        highest = max((one for one in self.values.values() if one), default=value)
        # Costs may all be far below one: what counts is the share of the largest.
        share = log1p(float(value) / float(highest) * 100) / log1p(100)
        return max(1, min(STEPS, round(share * STEPS)))
