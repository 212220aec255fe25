"""Ending what is older than the retention: whole months are taken off, never single rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from accounts.audit.checkpoints import sign_retirement
from accounts.audit.leaves import GENESIS
from accounts.audit.models import AuditRetirement
from litemaas.months import month_of, next_month

# The chain of a month is a few unbroken runs: around midnight of its last day, rows of two months are sealed in turn.
_RUNS = """
SELECT min(seq), max(seq), (array_agg(hash ORDER BY seq DESC))[1] FROM (
    SELECT seq, hash, seq - row_number() OVER (ORDER BY seq) AS run FROM {seals}
) AS numbered GROUP BY run ORDER BY 1
"""
_PATIENCE = "2s"


@dataclass(frozen=True, slots=True)
class Retired:
    month: datetime
    rows: int


def retire_months(*, older_than_days: int, now: datetime) -> list[Retired]:
    """Take off the months that ended before the retention. Each one in a transaction of its own."""
    oldest_kept = month_of(now - timedelta(days=older_than_days))
    return [retired for month in _months() if month < oldest_kept and (retired := _retire(month, now))]


def _months() -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(child.relname FROM 12) FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
            " WHERE inhparent = 'audit_logs'::regclass ORDER BY 1"
        )
        return [datetime.strptime(name, "%Y_%m").replace(tzinfo=UTC) for (name,) in cursor.fetchall()]


@transaction.atomic
def _retire(month: datetime, now: datetime) -> Retired | None:
    """None while rows of the month wait for their link."""
    logs, seals = f"audit_logs_{month:%Y_%m}", f"audit_seals_{month:%Y_%m}"
    with connection.cursor() as cursor:
        # Nobody writes for a moment; whoever would wait longer for that than this leaves it to tomorrow.
        cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        cursor.execute(f"LOCK TABLE {logs}, {seals} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"SELECT count(*), count(s.event_id) FROM {logs} e"  # noqa: S608  names of our own making
            f" LEFT JOIN {seals} s ON s.event_id = e.id AND s.at = e.at"
        )
        rows, sealed = cursor.fetchone()
        if rows != sealed:
            return None
        cursor.execute(_RUNS.format(seals=seals))
        for first, last, after in cursor.fetchall():
            _note(month, first, last, after, now)
        for parent, name in (("audit_logs", logs), ("audit_seals", seals)):
            cursor.execute(f"ALTER TABLE {parent} DETACH PARTITION {name}")
            cursor.execute(f"DROP TABLE {name}")
        cursor.execute(
            "DELETE FROM audit_redactions WHERE at >= %s AND at < %s",
            [month, next_month(month)],
        )
    return Retired(month, rows)


def _note(month: datetime, first: int, last: int, after: bytes, now: datetime) -> None:
    run = AuditRetirement(
        first_seq=first, last_seq=last, month=month.date(), hash_before=_hash_at(first - 1), hash_after=after,
        retired_at=now,
    )  # fmt: skip
    sign_retirement(run)
    run.save(force_insert=True)


def _hash_at(seq: int) -> bytes:
    """The chain's hash there, whether that link is still in the table or was retired before."""
    if seq == 0:
        return GENESIS
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hash FROM audit_seals WHERE seq = %s"
            " UNION ALL SELECT hash_after FROM audit_retirements WHERE last_seq = %s LIMIT 1",
            [seq, seq],
        )
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError(f"The audit chain has no link {seq}: run verify_audit before anything is retired.")
    return bytes(row[0])
