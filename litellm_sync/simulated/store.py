"""Keeps what the simulated gateway knows over a kill -9: every change is in SQLite before it is answered."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Store:
    """Objects by kind and id, and spend-log facts. With no path nothing is kept. Callers hold the state's
    lock.

    `synchronous=OFF` is enough: a killed process loses nothing that it wrote, only a machine that loses power
    would.
    """

    def __init__(self, path: str | None) -> None:
        self._db = None if path is None else _open(path)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside the block, or none of them."""
        if self._db is None:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, kind: str, object_id: str, value: Any) -> None:
        if self._db is not None:
            row = (kind, object_id, json.dumps(value))
            self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", row)

    def drop(self, kind: str, object_id: str) -> None:
        if self._db is not None:
            self._db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, object_id))

    def load(self, kind: str) -> dict[str, Any]:
        if self._db is None:
            return {}
        rows = self._db.execute("SELECT id, body FROM objects WHERE kind = ? ORDER BY rowid", (kind,))
        return {object_id: json.loads(body) for object_id, body in rows}

    def add_log(self, facts: Any, *, settled: bool) -> None:
        if self._db is not None:
            self._db.execute("INSERT INTO logs (settled, body) VALUES (?, ?)", (settled, json.dumps(facts)))

    def settle_logs(self, request_ids: list[str]) -> None:
        if self._db is not None:
            sql = "UPDATE logs SET settled = 1 WHERE json_extract(body, '$.request_id') = ? AND settled = 0"
            self._db.executemany(sql, [(request_id,) for request_id in request_ids])

    def load_logs(self) -> Iterator[tuple[bool, Any]]:
        if self._db is not None:
            for settled, body in self._db.execute("SELECT settled, body FROM logs ORDER BY rowid"):
                yield bool(settled), json.loads(body)

    def clear(self) -> None:
        if self._db is not None:
            self._db.execute("DELETE FROM objects")
            self._db.execute("DELETE FROM logs")

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


def _open(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("CREATE TABLE IF NOT EXISTS objects (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
    db.execute("CREATE TABLE IF NOT EXISTS logs (settled INTEGER NOT NULL, body TEXT NOT NULL)")
    db.execute("CREATE INDEX IF NOT EXISTS waiting_logs ON logs (settled) WHERE settled = 0")
    return db
