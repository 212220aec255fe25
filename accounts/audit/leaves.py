"""What the chain commits to: a leaf per row, and a hash over the leaf and everything before it.

A leaf holds the facts of a row that stay for ever as they are, and a salted commitment to each field that a redaction
may take out. Who takes out a field keeps its commitment and destroys its salt: the leaf stays, the value can't be
guessed from it. Each field's salt comes from the row's, so a row stores one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

GENESIS = hashlib.sha256(b"litemaas audit chain 1").digest()
REDACTABLE = (
    "actor_name",
    "resource_id",
    "error_message",
    "metadata",
    "old_values",
    "new_values",
    "ip_address",
    "user_agent",
)
_NOTHING = b"\0" * 32
# PostgreSQL keeps JSON in one normal form, so its text is the same each time it is read.
COLUMNS = """e.id, e.at, e.actor_id, e.credential, e.action, e.resource_type, e.success, e.request_id, e.salt,
    e.actor_name, e.resource_id, e.error_message, nullif(e.metadata::text, '{}'), e.old_values::text,
    e.new_values::text, host(e.ip_address), e.user_agent"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as COLUMNS reads it. `redactable` is in the order of REDACTABLE, None or "" where there is nothing."""

    id: int
    at: datetime
    facts: tuple[Any, ...]
    salt: UUID | None
    redactable: tuple[str | None, ...]

    @classmethod
    def of(cls, columns: tuple[Any, ...]) -> "Row":
        return cls(columns[0], columns[1], columns[:8], columns[8], columns[9:17])


@dataclass(frozen=True, slots=True)
class Redacted:
    """What a redaction left: commitments of the fields that are gone, salts of those that are there."""

    commitments: Mapping[str, bytes]
    salts: Mapping[str, bytes]


def leaf_of(row: Row, redacted: Redacted | None = None) -> bytes:
    parts = [orjson.dumps(row.facts, option=orjson.OPT_UTC_Z)]
    salts = redacted.salts if redacted else (field_salts(row.salt) if row.salt else {})
    for name, value in zip(REDACTABLE, row.redactable, strict=True):
        if redacted and name in redacted.commitments:
            parts.append(redacted.commitments[name])
        else:
            parts.append(commitment(salts.get(name, b""), value))
    return hashlib.sha256(b"".join(parts)).digest()


def commitment(salt: bytes, value: str | None) -> bytes:
    return hashlib.sha256(salt + value.encode()).digest() if value else _NOTHING


def field_salts(salt: UUID) -> dict[str, bytes]:
    return {name: hashlib.sha256(salt.bytes + tail).digest() for name, tail in _NAMES}


_NAMES = tuple((name, name.encode()) for name in REDACTABLE)


def chained(before: bytes, seq: int, leaf: bytes) -> bytes:
    return hashlib.sha256(before + seq.to_bytes(8, "big") + leaf).digest()


def rows_by_id(places: Mapping[int, datetime]) -> dict[int, Row]:
    """The rows with these ids; `places` tells when each was written, so that few partitions are asked."""
    if not places:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS} FROM audit_logs e WHERE e.id = ANY(%s) AND e.at BETWEEN %s AND %s",  # noqa: S608
            [list(places), min(places.values()), max(places.values())],
        )
        return {columns[0]: Row.of(columns) for columns in cursor.fetchall()}


def in_batches(sql: str, parameters: list[Any], size: int = 2_000) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement, from a cursor of the server: needs a transaction, holds one batch in memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while batch := cursor.fetchmany(size):
            yield batch
