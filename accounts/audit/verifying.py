"""Comparing the record with its chain, its checkpoints and what was retired. Reads in batches, changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.audit import checkpoints
from accounts.audit.leaves import GENESIS, Redacted, chained, leaf_of, rows_by_id
from accounts.audit.models import AuditChain, AuditCheckpoint, AuditRedaction, AuditRetirement, AuditSeal
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
    for seals in _sealed(upto=chain.seq if chain else 0):
        walk.check(seals)
        progress(report.rows)
    walk.finish(chain)
    _look_for_unsealed(report, chain)
    return report


def _sealed(upto: int) -> Iterator[list[AuditSeal]]:
    """Batches in the chain's order. Rows that are sealed meanwhile are left to the next time."""
    last = 0
    while batch := list(AuditSeal.objects.filter(seq__gt=last, seq__lte=upto).order_by("seq")[:_BATCH]):
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

    def check(self, seals: list[AuditSeal]) -> None:
        rows = rows_by_id({seal.event_id: seal.at for seal in seals})
        redactions = {
            redaction.event_id: redaction
            for redaction in AuditRedaction.objects.filter(event_id__in=[seal.event_id for seal in seals])
        }
        for seal in seals:
            self._skip_retired(before=seal.seq)
            if seal.seq != self.seq + 1:
                self.report.add("deleted", f"The chain has no links {self.seq + 1} to {seal.seq - 1}.")
                self.hash = b""
            self._check_row(seal, rows.get(seal.event_id), redactions.get(seal.event_id))
            self._follow(seal)

    def _check_row(self, seal: AuditSeal, row: Any, redaction: AuditRedaction | None) -> None:
        self.report.rows += 1
        if row is None or row.at != seal.at:
            self.report.add(
                "deleted", f"Row {seal.event_id} of {seal.at:%Y-%m-%d %H:%M:%S} (link {seal.seq}) is gone."
            )
            return
        self.report.redacted += redaction is not None
        if leaf_of(row, _left_by(redaction)) != bytes(seal.leaf):
            what = f"{row.facts[4]} of {seal.at:%Y-%m-%d %H:%M:%S}"
            self.report.add(
                "changed", f"Row {seal.event_id} (link {seal.seq}, {what}) is not what was recorded."
            )

    def _follow(self, seal: AuditSeal) -> None:
        """The stored hash goes on, so that one break is told once."""
        is_next = not self.hash or chained(self.hash, seal.seq, bytes(seal.leaf)) == bytes(seal.hash)
        if not is_next:
            self.report.add(
                "reordered", f"Link {seal.seq} (row {seal.event_id}) does not follow from the one before."
            )
        self.seq, self.hash = seal.seq, bytes(seal.hash)
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


def _left_by(redaction: AuditRedaction | None) -> Redacted | None:
    if redaction is None:
        return None
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
