"""One at a time across all processes: PostgreSQL's advisory locks, which a dying connection gives back."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from litemaas import turns


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Yields whether the lock is ours. It belongs to the session, so it also holds between transactions."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        row = cursor.fetchone()
    is_mine = bool(row and row[0])
    if not is_mine:
        yield False
        return
    with turns.kept():
        try:
            yield True
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
