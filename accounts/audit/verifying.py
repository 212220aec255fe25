"""Comparing the record with its chain, its checkpoints and what was retired. Reads in batches, changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import connection

from accounts.audit import checkpoints
from accounts.audit.leaves import COLUMNS, GENESIS, Redacted, Row, chained, leaf_of
from accounts.audit.models import AuditChain, AuditCheckpoint, AuditRedaction, AuditRetirement
from accounts.audit.sealing import EVERYTHING, known_snapshot
from accounts.audit.signing import trusted_keys

_BATCH = 5_000
_LONGEST_REPORT = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is changed, deleted, inserted, reordered, truncated or checkpoint; `text` names the row."""

    kind: str
    text: str


@dataclass
class Report:
    """`waiting` rows are committed and not chained yet; a change of those can't be told."""

    rows: int = 0
    retired: int = 0
    redacted: int = 0
    checkpoints: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    end: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.findings

    def add(self, kind: str, text: str) -> None:
        if len(self.findings) < _LONGEST_REPORT:
            self.findings.append(Finding(kind, text))


def verify(
    *,
    kept: list[AuditCheckpoint] | None = None,
    trusted: frozenset[bytes] = frozenset(),
    progress: Callable[[int], None] = lambda _rows: None,
) -> Report:
    """Walk the whole chain. `kept` are checkpoints from elsewhere, `trusted` public keys besides the configured ones."""
    report = Report()
    trusted = trusted | trusted_keys()
    chain = AuditChain.objects.filter(pk=1).first()
    walk = _Walk(report, _due_checkpoints(kept or [], report, trusted), _retirements(report, trusted))
    for links in _links(upto=chain.seq if chain else 0):
        walk.check(links)
        progress(report.rows)
    walk.finish(chain)
    _look_for_unsealed(report, chain)
    return report


@dataclass(frozen=True, slots=True)
class _Link:
    """A link of the chain and the row that it names, None where that is gone."""

    seq: int
    event_id: int
    at: datetime
    leaf: bytes
    hash: bytes
    row: Row | None


# One statement for links and rows: the row's key holds the time, so each look-up goes to one partition.
_LINKS = f"""
SELECT s.seq, s.event_id, s.at, s.leaf, s.hash, {COLUMNS}
FROM (SELECT seq, event_id, at, leaf, hash FROM audit_seals WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT %s) s
LEFT JOIN audit_logs e ON e.id = s.event_id AND e.at = s.at ORDER BY s.seq
"""  # noqa: S608  no value is put in


def _links(upto: int) -> Iterator[list[_Link]]:
    """Batches in the chain's order. Rows that are sealed meanwhile are left to the next time."""
    last = 0
    connection.ensure_connection()
    # Past Django's cursor, for binary answers: hashes and times need not be read out of text, which took half of all.
    with psycopg.Cursor(cast(Any, connection.connection)) as cursor:
        while True:
            cursor.execute(_LINKS, [last, upto, _BATCH], binary=True)
            batch = [
                _Link(seq, event_id, at, leaf, link_hash, Row.of(tuple(row)) if row[0] is not None else None)
                for seq, event_id, at, leaf, link_hash, *row in cursor.fetchall()
            ]
            if not batch:
                return
            yield batch
            last = batch[-1].seq


def _due_checkpoints(
    kept: list[AuditCheckpoint], report: Report, trusted: frozenset[bytes]
) -> list[AuditCheckpoint]:
    """All that are genuine, by place; the others are findings."""
    genuine = []
    for checkpoint in [*AuditCheckpoint.objects.order_by("seq"), *kept]:
        if checkpoints.is_genuine(checkpoint, trusted=trusted):
            genuine.append(checkpoint)
        else:
            report.add("checkpoint", f"The checkpoint at {checkpoint.seq} is not signed by a trusted key.")
    report.checkpoints = len(genuine)
    return sorted(genuine, key=lambda checkpoint: checkpoint.seq)


def _retirements(report: Report, trusted: frozenset[bytes]) -> list[AuditRetirement]:
    genuine = []
    for run in AuditRetirement.objects.order_by("first_seq"):
        if checkpoints.is_retired_by_us(run, trusted=trusted):
            genuine.append(run)
        else:
            report.add("deleted", f"The retirement of {run} is not signed by a trusted key.")
    return genuine


class _Walk:
    """Where the walk is: `seq` and `hash` of the last link that was accepted."""

    def __init__(self, report: Report, due: list[AuditCheckpoint], retired: list[AuditRetirement]) -> None:
        self.report, self.due, self.retired = report, due, retired
        self.seq, self.hash = 0, GENESIS
        self.redactions = {row.event_id: _left_by(row) for row in AuditRedaction.objects.iterator()}

    def check(self, links: list[_Link]) -> None:
        for link in links:
            self._skip_retired(before=link.seq)
            if link.seq != self.seq + 1:
                self.report.add("deleted", f"The chain has no links {self.seq + 1} to {link.seq - 1}.")
                self.hash = b""
            self._check_row(link)
            self._follow(link)

    def _check_row(self, link: _Link) -> None:
        self.report.rows += 1
        if link.row is None:
            self.report.add(
                "deleted", f"Row {link.event_id} of {link.at:%Y-%m-%d %H:%M:%S} (link {link.seq}) is gone."
            )
            return
        redacted = self.redactions.get(link.event_id)
        self.report.redacted += redacted is not None
        if leaf_of(link.row, redacted) != link.leaf:
            what = f"{link.row.facts[4]} of {link.at:%Y-%m-%d %H:%M:%S}"
            self.report.add(
                "changed", f"Row {link.event_id} (link {link.seq}, {what}) is not what was recorded."
            )

    def _follow(self, link: _Link) -> None:
        """The stored hash goes on, so that one break is told once."""
        is_next = not self.hash or chained(self.hash, link.seq, link.leaf) == link.hash
        if not is_next:
            self.report.add(
                "reordered", f"Link {link.seq} (row {link.event_id}) does not follow from the one before."
            )
        self.seq, self.hash = link.seq, link.hash
        if self.due:
            self._meet_checkpoints()

    def _skip_retired(self, before: int | None) -> None:
        while self.retired and self.retired[0].first_seq == self.seq + 1:
            run = self.retired.pop(0)
            if self.hash and bytes(run.hash_before) != self.hash:
                self.report.add("reordered", f"The retired links {run} do not follow from the one before.")
            self.report.retired += run.last_seq - run.first_seq + 1
            self.seq, self.hash = run.last_seq, bytes(run.hash_after)
            self._meet_checkpoints()

    def _meet_checkpoints(self) -> None:
        while self.due and self.due[0].seq <= self.seq:
            checkpoint = self.due.pop(0)
            # Those inside of a retired run can't be compared any more; the run's own signature stands for them.
            if checkpoint.seq == self.seq and bytes(checkpoint.hash) != self.hash:
                self.report.add("checkpoint", f"The chain at {self.seq} is not the one that was signed.")

    def finish(self, chain: AuditChain | None) -> None:
        self._skip_retired(before=None)
        self.report.end = self.seq
        if chain is not None and (chain.seq, bytes(chain.hash)) != (self.seq, self.hash):
            self.report.add("truncated", f"The chain ends at {self.seq} and should end at {chain.seq}.")
        for checkpoint in self.due:
            signed = f"signed at {checkpoint.seq}, {checkpoint.signed_at:%Y-%m-%d %H:%M}"
            self.report.add("truncated", f"The chain ends at {self.seq}; it was {signed}.")


def _left_by(redaction: AuditRedaction) -> Redacted:
    return Redacted(
        {name: bytes.fromhex(text) for name, text in redaction.commitments.items()},
        {name: bytes.fromhex(text) for name, text in redaction.salts.items()},
    )


def _look_for_unsealed(report: Report, chain: AuditChain | None) -> None:
    """A row without a link waits for the sealer, or was put in by somebody who is not the portal."""
    snapshot = known_snapshot(chain.snapshot) if chain else EVERYTHING
    unsealed = "FROM audit_logs e WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.event_id = e.id AND s.at = e.at)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.id, e.at, e.action {unsealed} AND pg_visible_in_snapshot(e.xid, %s::pg_snapshot)"
            f" ORDER BY e.id LIMIT {_LONGEST_REPORT}",
            [snapshot],
        )
        for pk, at, action in cursor.fetchall():
            text = (
                f"Row {pk} ({action} of {at:%Y-%m-%d %H:%M:%S}) has no link, and the sealer has been past it."
            )
            report.add("inserted", text)
        cursor.execute(
            f"SELECT count(*), min(e.at) {unsealed} AND NOT pg_visible_in_snapshot(e.xid, %s::pg_snapshot)",
            [snapshot],
        )
        report.waiting, report.waiting_since = cursor.fetchone()
