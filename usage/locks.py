"""Locks that end with the transaction, whatever becomes of the process."""

import hashlib

from django.db import connection


def hold_until_commit(name: str) -> None:
    """Wait for the lock of this name and keep it until the transaction ends."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
