"""Tables as CSV files that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from litemaas.api.rendering import dumps

# Spreadsheets would take what begins like this for a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS_AT_ONCE = 500


def cell(value: Any) -> Any:
    """A value for a CSV cell: JSON for what has parts, empty for None, text that is only ever text, moments in UTC,
    amounts with every digit."""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping | list | tuple):
        value = dumps(value).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def as_csv(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    names = list(columns)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return out.getvalue()


def streamed(titles: Iterable[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces while its rows come in. It begins with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO("\ufeff")
    out.seek(0, io.SEEK_END)
    writer = csv.writer(out)
    writer.writerow([cell(title) for title in titles])
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS_AT_ONCE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def exact(amount: Decimal) -> str:
    """Every digit, and no zeros behind the last one."""
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
