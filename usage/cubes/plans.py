"""Turns a question into one statement over the rollups that answer it with the fewest rows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from usage.cubes.covers import ALL_GRAINS, Piece, cover, is_aligned
from usage.cubes.spans import Span, Unit, spans_of
from usage.cubes.tables import COLUMN_OF, TIME_COLUMN, TYPE_OF, Cube, cube_for
from usage.figures import HISTOGRAMS, MEASURES, Figures
from usage.models import NOBODY, Status
from usage.questions import Question

# Whose rows an order by label needs, and what is compared there.
_NAMES = {
    "user": ("users", "lower(named.username)"),
    "apiKey": ("api_keys", "lower(named.name)"),
    "team": ("teams", "lower(named.name)"),
}
_KEYS = {"success_rate": "g.successes::numeric / nullif(g.successes + g.failures, 0)"}


class Plan:
    """`values` fill the placeholders of the statement, which every method below writes in the same order.

    All names in the SQL are from our own tables of them; what a caller said is only ever a value.
    """

    def __init__(
        self,
        question: Question,
        by: Sequence[str],
        every: Unit | None,
        now: datetime,
        *,
        histograms: bool = False,
        pieces: Sequence[Piece] = (),
    ) -> None:
        self.question, self.by = question, tuple(by)
        self.values: list[Any] = []
        self.spans = spans_of(question.period, every) if every else []
        self._every, self._histograms = every, histograms
        self.labels = [*(["span"] if every else []), *(COLUMN_OF[name] for name in by)]
        self._first_label, self._first_measure = (1 if every else 0), len(self.labels)
        self._measures = (*MEASURES, *HISTOGRAMS) if histograms else MEASURES
        self._wanted = {*by, *question.filters.used, *question.scope.dimensions}
        cut = pieces or self._cut(now)
        self._pieces = " UNION ALL ".join(self._piece(piece) for piece in cut)
        # Rows of nothing come only from taking away. Without that, comparing each group's sum is in vain; and a sum
        # without groups is a row even of nothing.
        self._may_be_empty = not self.labels or any(piece.sign < 0 for piece in cut)

    def _cut(self, now: datetime) -> list[Piece]:
        period = self.question.period
        if self._every is None:
            return cover(period, ALL_GRAINS, now=now)
        if self._every == "hour" or not is_aligned(period):
            return [Piece("quarter", period.start, period.end)]
        return cover(period, ALL_GRAINS if self._every == "month" else {"day"}, now=now)

    # --- the pieces

    def _piece(self, piece: Piece) -> str:
        cube = cube_for(
            piece.grain, self._wanted, histograms=self._histograms, is_narrow=self.question.is_narrow
        )
        at, sign = TIME_COLUMN[piece.grain], "-" if piece.sign < 0 else ""
        columns = [f"{self._span(piece, at)} AS span"] if self._every else []
        columns += [COLUMN_OF[name] for name in self.by]
        columns += [f"{sign}{_expression(measure, cube)} AS {measure}" for measure in self._measures]
        self.values += [piece.start, piece.end]
        when = cube.when(piece.grain)
        conditions = [f"{when} >= %s AND {when} < %s", *self._scope(), *self._filters()]
        return f"SELECT {', '.join(columns)} FROM {cube.tables[piece.grain]} WHERE {' AND '.join(conditions)}"  # noqa: S608

    def _span(self, piece: Piece, at: str) -> str:
        """The number of the row's span, from 1. Months count for the whole span that they begin in."""
        if piece.grain == "quarter":
            self.values.append([span.start for span in self.spans])
            return f"width_bucket({at}, %s::timestamptz[])"
        self.values.append([_begin(span.day, self._every) for span in self.spans])
        return f"width_bucket({at}, %s::date[])"

    def _scope(self) -> list[str]:
        found = []
        for name, value in self.question.scope.dimensions.items():
            self.values.append(value)
            found.append(f"{COLUMN_OF[name]} = %s")
        return found

    def _filters(self) -> list[str]:
        return [self._filter(name, self.question.filters.of(name)) for name in self.question.filters.used]

    def _filter(self, name: str, wanted: Sequence[Any]) -> str:
        unknown = NOBODY if name in TYPE_OF else ""
        self.values.append([unknown if value is None else value for value in wanted])
        return f"{COLUMN_OF[name]} = ANY(%s::{TYPE_OF.get(name, 'text')}[])"

    # --- the statements

    def present(self) -> str:
        """The values of the dimensions that have usage."""
        return self._select(self.labels, [])

    def ranked(self, by: str, *, descending: bool) -> str:
        """The labels alone in this order, with what they are ordered by and their number; then limit and offset.

        Of many people only few are shown: the other measures are added up for those alone.
        """
        label, join, key = self.labels[0], "", "g.value"
        wanted = "sum(requests)"
        if by == "label":
            join, key = self._named(label)
        elif by == "success_rate":
            wanted = "sum(successes) / nullif(sum(successes) + sum(failures), 0)"
        else:
            wanted = f"sum({by})"
        direction = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
        rows = self._select([label], [f"{wanted} AS value"])
        return (
            f"SELECT g.{label}, g.value, count(*) OVER () FROM ({rows}) g {join}"  # noqa: S608
            f" ORDER BY {key} {direction}, g.{label} LIMIT %s OFFSET %s"
        )

    def unordered(self) -> str:
        """Labels and figures of every group that has usage."""
        return self._select(self.labels, self._sums())

    def grouped(self) -> str:
        """The same by span and label."""
        return self.unordered() + (f" ORDER BY {', '.join(self.labels)}" if self.labels else "")

    def counted(self, by: str, *, descending: bool) -> str:
        """The groups in this order, with their number behind; then come the limit and the offset."""
        labels, join, key = self.labels, "", _KEYS.get(by, f"g.{by}")
        if by == "label":
            join, key = self._named(labels[0])
        direction = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
        order = ", ".join([f"{key} {direction}", *(f"g.{label}" for label in labels)])
        return (
            f"SELECT g.*, count(*) OVER () FROM ({self.unordered()}) g {join}"  # noqa: S608
            f" ORDER BY {order} LIMIT %s OFFSET %s"
        )

    def _named(self, label: str) -> tuple[str, str]:
        if self._every or self.by[0] not in _NAMES:
            return "", f"g.{label}"
        table, name = _NAMES[self.by[0]]
        return f"LEFT JOIN {table} named ON named.id = g.{label}", name

    def _select(self, labels: list[str], columns: Sequence[str]) -> str:
        grouping = f" GROUP BY {', '.join(labels)}" if labels else ""
        condition = " HAVING sum(requests) > 0" if self._may_be_empty else ""
        return f"SELECT {', '.join([*labels, *columns])} FROM ({self._pieces}) pieces{grouping}{condition}"  # noqa: S608

    def _sums(self) -> list[str]:
        return [f"sum({name}){_CASTS.get(name, '::bigint')} AS {name}" for name in self._measures]

    # --- the rows

    def span_of(self, row: Sequence[Any]) -> Span | None:
        # A month that began before the period counts for its first span.
        return self.spans[max(row[0], 1) - 1] if self._every else None

    def figures_of(self, row: Sequence[Any]) -> Figures:
        return Figures(*row[self._first_measure : self._first_measure + len(self._measures)])

    def labels_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row[self._first_label : self._first_measure])


_CASTS = dict.fromkeys(("cost", *HISTOGRAMS), "")


def _expression(measure: str, cube: Cube) -> str:
    if "status" not in cube.dimensions:
        return measure
    outcome = {"successes": Status.SUCCESS, "failures": Status.FAILURE}.get(measure)
    return f"(CASE status WHEN '{outcome.value}' THEN requests ELSE 0 END)" if outcome else measure


def _begin(day: date, unit: Unit | None) -> date:
    return day.replace(day=1) if unit == "month" else day
