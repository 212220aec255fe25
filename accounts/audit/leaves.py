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
# PostgreSQL keeps JSON in one normal form, so its text is the same each time it is read. UUIDs are read as what goes
# into the hash: to make objects of them took longer than to hash the row.
COLUMNS = """e.id, e.at, e.actor_id::text, e.credential, e.action, e.resource_type, e.success, e.request_id,
    uuid_send(e.salt),
    e.actor_name, e.resource_id, e.error_message, nullif(e.metadata::text, '{}'), e.old_values::text,
    e.new_values::text, host(e.ip_address), e.user_agent"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as COLUMNS reads it. `redactable` is in the order of REDACTABLE, None or "" where there is nothing."""

    id: int
    at: datetime
    facts: tuple[Any, ...]
    salt: bytes | None
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
    leaf = _sha256(_dumps(row.facts, None, _UTC))
    for (name, tail), value in zip(_NAMES, row.redactable, strict=True):
        if redacted and name in redacted.commitments:
            leaf.update(redacted.commitments[name])
        elif not value:
            leaf.update(_NOTHING)
        elif redacted:
            leaf.update(commitment(redacted.salts.get(name, b""), value))
        else:
            salt = _sha256(row.salt + tail).digest() if row.salt else b""
            leaf.update(_sha256(salt + value.encode()).digest())
    return leaf.digest()


def commitment(salt: bytes, value: str | None) -> bytes:
    return hashlib.sha256(salt + value.encode()).digest() if value else _NOTHING


def field_salts(salt: bytes) -> dict[str, bytes]:
    return {name: hashlib.sha256(salt + tail).digest() for name, tail in _NAMES}


# Looked up once: this runs for each row of a long record.
_sha256, _dumps, _UTC = hashlib.sha256, orjson.dumps, orjson.OPT_UTC_Z
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
