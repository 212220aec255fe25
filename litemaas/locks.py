"""One at a time across all processes: PostgreSQL's advisory locks, which a dying connection gives back.

A name stands for a number of 64 bits; whoever holds the name here holds it against every other function of this file.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from litemaas import turns


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Yields at once whether the lock is ours. It belongs to the session, so it also holds between transactions."""
    if _ask("SELECT pg_try_advisory_lock(%s)", name):
        with _given_back(name):
            yield True
    else:
        yield False


@contextmanager
def held_in_turn(name: str) -> Iterator[None]:
    """Wait for the lock, and hold it also between transactions."""
    _ask("SELECT pg_advisory_lock(%s)", name)
    with _given_back(name):
        yield


def hold_until_commit(name: str) -> None:
    """Wait for the lock and keep it until the transaction ends, whatever becomes of the process."""
    _ask("SELECT pg_advisory_xact_lock(%s)", name)


@contextmanager
def _given_back(name: str) -> Iterator[None]:
    with turns.kept():
        try:
            yield
        finally:
            _ask("SELECT pg_advisory_unlock(%s)", name)


def _ask(statement: str, name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
        row = cursor.fetchone()
    return bool(row and row[0])
