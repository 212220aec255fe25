"""Files that are written while their rows come in: none of them is ever whole in memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from litemaas.api.rendering import dumps
from litemaas.cells import cell
from usage.exports.columns import Column

FORMATS = ("csv", "json", "parquet", "focus")
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "focus": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
EXTENSIONS = {"csv": "csv", "focus": "csv", "json": "json", "parquet": "parquet"}
_ROWS_AT_ONCE = 2000
# A row group of Parquet is compressed as a whole.
_ROW_GROUP = 20_000
Values = Sequence[Any]


def written(form: str, columns: Sequence[Column], rows: Iterable[Values]) -> Iterator[bytes]:
    """The file in pieces. `rows` hold a value per column."""
    if form == "json":
        return _json(columns, rows)
    return _parquet(columns, rows) if form == "parquet" else _csv(columns, rows)


def _csv(columns: Sequence[Column], rows: Iterable[Values]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in columns])
    for some in _in_lots(rows, _ROWS_AT_ONCE):
        writer.writerows([cell(value) for value in row] for row in some)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()


def _json(columns: Sequence[Column], rows: Iterable[Values]) -> Iterator[bytes]:
    names = [column.name for column in columns]
    before = b"["
    for some in _in_lots(rows, _ROWS_AT_ONCE):
        listed = dumps([dict(zip(names, row, strict=True)) for row in some])
        yield before + listed[1:-1]
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _parquet(columns: Sequence[Column], rows: Iterable[Values]) -> Iterator[bytes]:
    # A large library that only this needs: processes that never write such a file don't load it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "money": pa.decimal128(38, 30),
        "day": pa.date32(),
        "moment": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([pa.field(column.name, types[column.kind]) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for some in _in_lots(rows, _ROW_GROUP):
            arrays = [
                pa.array(values, field.type)
                for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that only remembers what was written since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def taken(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole


def _in_lots(rows: Iterable[Values], size: int) -> Iterator[list[Values]]:
    lot: list[Values] = []
    for row in rows:
        lot.append(row)
        if len(lot) == size:
            yield lot
            lot = []
    if lot:
        yield lot
