"""Tables as CSV files that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

# Spreadsheets would take what begins like this for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> Any:
    """A value for a CSV cell: JSON for what has parts, empty for None, text that is only ever text."""
    if isinstance(value, Mapping | list | tuple):
        value = orjson.dumps(value, default=str).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def as_csv(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    names = list(columns)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return out.getvalue()
