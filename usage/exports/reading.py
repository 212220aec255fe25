"""Rows for a file, read from the database as the file is written: memory does not grow with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from usage.cubes.plans import Plan
from usage.cubes.statements import fetch
from usage.exports.columns import Record, Table
from usage.quality import trust_by_day
from usage.questions import Question

_ROWS_AT_ONCE = 2000
# Names belong to the ids of a row, whatever became of their objects.
_NAMES = {
    "user": ("users u ON u.id = g.user_id", ("u.username AS username", "u.email AS email")),
    "apiKey": ("api_keys k ON k.id = g.api_key_id", ("k.name AS key_name",)),
    "team": ("teams tm ON tm.id = g.team_id", ("tm.name AS team_name",)),
}


@dataclass(frozen=True, slots=True)
class Reader:
    question: Question
    table: Table
    now: datetime

    def count(self) -> int:
        plan = self._plan()
        return int(fetch(f"SELECT count(*) FROM ({plan.present()}) found", plan.values)[0][0])  # noqa: S608

    def rows(self) -> Iterator[list[Any]]:
        """A value per column, by day and then by the dimensions."""
        columns = self.table.columns
        return ([column.value(record) for column in columns] for record in self._records())

    def _plan(self) -> Plan:
        return Plan(self.question, self.table.by, "day" if self.table.has_days else None, self.now)

    def _records(self) -> Iterator[Record]:
        plan = self._plan()
        named = [_NAMES[dimension] for dimension in self.table.by if dimension in _NAMES]
        joins = "".join(f" LEFT JOIN {table}" for table, _columns in named)
        columns = ", ".join(["g.*", *(column for _table, columns in named for column in columns)])
        order = ", ".join(f"g.{label}" for label in plan.labels) or "1"
        sql = f"SELECT {columns} FROM ({plan.unordered()}) g{joins} ORDER BY {order}"  # noqa: S608
        trust = trust_by_day(self.question.period) if self.table.has_days else {}
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql, plan.values)
            names = [column.name for column in cursor.description]
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                for row in rows:
                    span = plan.span_of(row)
                    about_day = {"span": span, "trust": trust.get(span.day, "") if span else ""}
                    yield dict(zip(names, row, strict=True)) | about_day
