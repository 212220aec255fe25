"""Queries whose SQL is made once per shape.

Building and compiling a queryset costs several times what PostgreSQL needs to answer it. The lists and look-ups of the
API come in a handful of shapes, so each shape is compiled once, with markers for its values, and run again with others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet
from django.db.models.sql import Query, UpdateQuery
from psycopg.types.datetime import TimestamptzLoader

Json = dict[str, Any]
Values = Mapping[str, Any]
_MOST_SHAPES = 256
_ODD_ZONE = timezone(timedelta(minutes=7))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`parameters` holds either a constant or the name of a value, marked by the flag beside it."""

    sql: str
    parameters: tuple[tuple[bool, Any], ...]
    columns: tuple[str, ...]


class Statement:
    """`build(shape, values)` makes a queryset of `.values(…)` that depends on `shape` (hashable) and may compare
    columns with `values` (UUID, str, int or datetime) as they are."""

    def __init__(self, build: Callable[[Any, Values], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._compiled: dict[Any, _Compiled] = {}

    def rows(
        self, shape: Any, values: Values, *, window: tuple[int, int] | None = None, once: bool = False
    ) -> list[Json]:
        """The rows as dicts, as the database gives them: no field converters run.

        `window` is limit and offset. `once` compiles for these values alone, for filters that change them on their
        way to the database (patterns, arrays).
        """
        compiled = self._fixed(shape, values) if once else self._reusable(shape, values)
        parameters = [values[item] if is_name else item for is_name, item in compiled.parameters]
        sql = compiled.sql if window is None else f"{compiled.sql} LIMIT {window[0]:d} OFFSET {window[1]:d}"
        rows = _unprepared(sql, parameters) if once else run_prepared(sql, parameters)
        return [dict(zip(compiled.columns, row, strict=True)) for row in rows]

    def _reusable(self, shape: Any, values: Values) -> _Compiled:
        key = (shape, tuple(values))
        compiled = self._compiled.get(key)
        if compiled is None:
            if len(self._compiled) >= _MOST_SHAPES:
                self._compiled.clear()
            compiled = self._compiled[key] = self._marked(shape, values)
        return compiled

    def _marked(self, shape: Any, values: Values) -> _Compiled:
        markers = {name: _marker(value) for name, value in values.items()}
        names = {marker: name for name, marker in markers.items()}
        plain = self._fixed(shape, markers)
        items = [item for _is_name, item in plain.parameters]
        marked = tuple((True, names[i]) if _is_marker(i, names) else (False, i) for i in items)
        if {item for is_name, item in marked if is_name} != set(values):
            raise RuntimeError("A value does not reach the database as it is: compile this statement once.")
        return _Compiled(plain.sql, marked, plain.columns)

    def _fixed(self, shape: Any, values: Values) -> _Compiled:
        query = self._query(shape, values)
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        return _Compiled(sql, tuple((False, item) for item in parameters), tuple(query.selected or ()))

    def _query(self, shape: Any, values: Values) -> Query:
        return self._build(shape, values).query


class Change(Statement):
    """An UPDATE in the same way: `set_to(values)` gives the new values of the columns of what `build` selects.

    `rows` are those that were changed, with the columns `returning` as they are afterwards.
    """

    def __init__(
        self,
        build: Callable[[Any, Values], QuerySet[Any, Any]],
        set_to: Callable[[Values], Mapping[str, Any]],
        returning: tuple[str, ...] = ("id",),
    ) -> None:
        super().__init__(build)
        self._set_to = set_to
        self._returning = returning

    def _fixed(self, shape: Any, values: Values) -> _Compiled:
        plain = super()._fixed(shape, values)
        columns = ", ".join(connection.ops.quote_name(name) for name in self._returning)
        return _Compiled(f"{plain.sql} RETURNING {columns}", plain.parameters, self._returning)

    def _query(self, shape: Any, values: Values) -> Query:
        query: Any = super()._query(shape, values).chain(UpdateQuery)
        query.add_update_values(dict(self._set_to(values)))
        query.annotations = {}
        return query  # type: ignore[no-any-return]


class _PreparingCursor(psycopg.Cursor[Any]):
    """Has the server keep the plan: planning takes longer than these statements run.

    Times are read by psycopg's C code: Django's own loader, in Python, takes as long as all other columns together.
    """

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        super().__init__(raw)
        self.adapters.register_loader("timestamptz", TimestamptzLoader)

    def rows(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        self.execute(sql, parameters, prepare=True)
        return self.fetchall() if self.pgresult is not None and self.pgresult.nfields else []


def _cursor_of(raw: "psycopg.Connection[Any]") -> _PreparingCursor:
    """The one of this connection: making a cursor costs as much as sending a statement."""
    cursor: _PreparingCursor | None = vars(raw).get("preparing_cursor")
    if cursor is None or cursor.closed:
        cursor = vars(raw)["preparing_cursor"] = _PreparingCursor(raw)
    return cursor


def _unprepared(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
    return found


def run_prepared(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Past Django's cursor, whose layers take longer than psycopg itself, unless somebody looks at the statements."""
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    if database.queries_logged or database.execute_wrappers:
        return _unprepared(sql, parameters)
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        return _cursor_of(database.connection).rows(sql, parameters)


def _is_marker(parameter: Any, names: Mapping[Any, str]) -> bool:
    return isinstance(parameter, UUID | str | int | datetime) and parameter in names


def _marker(value: Any) -> Any:
    """A value of the same type that no query holds by chance."""
    if isinstance(value, UUID):
        return uuid4()
    if isinstance(value, datetime):
        return datetime.now(_ODD_ZONE)
    if isinstance(value, str):
        return f"marker {uuid4()}"
    if type(value) is int:
        return uuid4().int >> 66
    raise TypeError(f"A statement takes UUIDs, texts, whole numbers and times, not {type(value).__name__}.")
