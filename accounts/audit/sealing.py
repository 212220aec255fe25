"""Chaining what was committed, apart from the acts: they never wait for each other.

A row carries the id of the transaction that wrote it. The chain remembers the snapshot of its last sealing; whatever
is visible now and was not in that snapshot is new, also a row whose transaction took an hour to commit.
"""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.audit.leaves import COLUMNS, GENESIS, Row, chained, in_batches, leaf_of
from accounts.audit.models import AuditChain

# The index narrows down to transactions that may be new, the snapshot decides, and the seal itself has the last word:
# after a restore into another cluster its numbers start anew.
_NEW_ROWS = f"""
SELECT pg_current_snapshot()::text, {COLUMNS} FROM audit_logs e
WHERE e.xid >= pg_snapshot_xmin(%s::pg_snapshot) AND NOT pg_visible_in_snapshot(e.xid, %s::pg_snapshot)
  AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.event_id = e.id AND s.at = e.at)
ORDER BY e.id
"""  # noqa: S608  no value is put in
EVERYTHING = "1:1:"


@transaction.atomic
def seal_new_rows(now: datetime) -> int:
    """Chain every committed row that is not yet. Returns how many; 0 too while another process is at it."""
    AuditChain.objects.get_or_create(pk=1, defaults={"hash": GENESIS})
    chain = AuditChain.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if chain is None:
        return 0
    known = known_snapshot(chain.snapshot)
    begun = chain.seq
    seen = None
    for batch in in_batches(_NEW_ROWS, [known, known]):
        seen = batch[0][0]
        _add(chain, [Row.of(columns[1:]) for columns in batch])
    if seen is not None:
        chain.snapshot, chain.sealed_at = seen, now
        chain.save()
    return chain.seq - begun


def _add(chain: AuditChain, rows: list[Row]) -> None:
    seals = []
    for row in rows:
        chain.seq += 1
        leaf = leaf_of(row)
        chain.hash = chained(bytes(chain.hash), chain.seq, leaf)
        seals.append((chain.seq, row.id, row.at, leaf, chain.hash))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_seals (seq, event_id, at, leaf, hash)"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bytea[], %s::bytea[])",
            [list(column) for column in zip(*seals, strict=True)],
        )


def known_snapshot(snapshot: str) -> str:
    """A snapshot of the future is one of another cluster, from which this database was restored: it says nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmax(%s::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot())", [snapshot]
        )
        row: Any = cursor.fetchone()
    return EVERYTHING if row[0] else snapshot


def tidy_search() -> None:
    """Move what was written lately into the search index proper: a list of loose entries slows every search."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gin_clean_pending_list(i.oid) FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid"
            " JOIN pg_inherits h ON h.inhrelid = i.oid"
            " WHERE h.inhparent = 'audit_search'::regclass AND i.relkind = 'i'"
        )
