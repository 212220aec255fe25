"""Rows of several tables by one INSERT.

Making one thing often writes five rows: itself, its parts, its history, the record, the wish for the gateway. Saved one
after the other each costs building a statement, planning it and a round trip, several times of what the writing takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

from litemaas.api.statements import run_prepared


@dataclass(frozen=True, slots=True)
class _Insert:
    sql: str
    fields: tuple[tuple["Field[Any, Any]", ...], ...]
    # Which of the rows get their primary key from the database.
    numbered: tuple[int, ...]


def insert_together(*rows: Model) -> None:
    """What `save(force_insert=True)` of each does, in their order, by one statement; no signals are sent.

    Foreign keys between them may point in any direction. Raises IntegrityError: then none is there.
    """
    insert = _insert_of(tuple(type(row) for row in rows))
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), database)
        for row, fields in zip(rows, insert.fields, strict=True)
        for field in fields
    ]
    (keys,) = run_prepared(insert.sql, values)
    for index, key in zip(insert.numbered, keys, strict=False):
        rows[index].pk = key
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@lru_cache(maxsize=256)
def _insert_of(tables: Sequence[type[Model]]) -> _Insert:
    database = connections[DEFAULT_DB_ALIAS]
    parts, fields, numbered = [], [], []
    for index, table in enumerate(tables):
        meta = table._meta
        own = tuple(f for f in meta.local_concrete_fields if not f.generated and f.db_returning is False)
        names = ", ".join(f'"{f.column}"' for f in own)
        places = ", ".join(_place(f, database) for f in own)
        returning = ""
        if meta.pk not in own:
            numbered.append(index)
            returning = f' RETURNING "{meta.pk.column}"'
        written = f'INSERT INTO "{meta.db_table}" ({names}) VALUES ({places})'  # noqa: S608 - our own tables
        parts.append(f"made_{index} AS ({written}{returning})")
        fields.append(own)
    keys = ", ".join(f"(SELECT * FROM made_{index})" for index in numbered) or "1"  # noqa: S608
    return _Insert(f"WITH {', '.join(parts)} SELECT {keys}", tuple(fields), tuple(numbered))


def _place(field: "Field[Any, Any]", database: Any) -> str:
    if hasattr(field, "get_placeholder"):
        return str(field.get_placeholder(None, None, database))
    return "%s"
