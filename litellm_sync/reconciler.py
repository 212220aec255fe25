"""Compares all that the gateway has with all that the portal wishes for, page by page.

Reading is never taken for complete unless the gateway's own count says so, and what seems missing is asked for once
more: an empty, shifted or broken list must not pass for a loss.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from litellm_sync import findings, registry
from litellm_sync.client import GatewayClient, gateway
from litellm_sync.differences import Difference, differences
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway
from litellm_sync.findings import Found
from litellm_sync.listing import fetch, is_its_own, label_of, pages_of
from litellm_sync.models import Finding, GatewayObject, Sighted, SyncRun
from litellm_sync.registry import Json, Mirror, Policy, Wish
from litellm_sync.spend import Spend, read_spend, record_spend
from litemaas.errors import Conflict
from litemaas.locks import advisory_lock

log = structlog.get_logger(__name__)

# So many missing objects are asked for one by one. Where there are more, these are the sample that shows whether the
# list can be believed.
ASKED_AGAIN = 200
_EXAMPLES = 20
_FAILURES = (GatewayUnavailable, GatewayRefused, UnsupportedGateway)


class SyncRunning(Conflict):
    code = "JOB_RUNNING"
    default_message = gettext_lazy("Portal and gateway are being compared already. Wait for its end.")


class _Incomplete(Exception):
    """The list that the gateway gave can't be believed."""


@dataclass(slots=True)
class KindReport:
    """What was found of one kind. `examples` of a dry run show what a real one would keep as findings."""

    kind: str
    there: int = 0
    ours: int = 0
    missing: int = 0
    different: int = 0
    unknown: int = 0
    repaired: int = 0
    adopted: int = 0
    is_complete: bool = False
    error: str = ""
    examples: list[dict[str, object]] = field(default_factory=list)

    @property
    def in_sync(self) -> int:
        return self.ours - self.missing - self.different


Progress = Callable[[KindReport], None]


def reconcile(
    *,
    client: GatewayClient | None = None,
    kinds: Iterable[str] | None = None,
    dry_run: bool = False,
    repair_all: bool = False,
    progress: Progress | None = None,
) -> SyncRun:
    """Compare, keep what differs as findings, and repair what is ours as each kind's policy says. Raises SyncRunning.

    A dry run keeps and repairs nothing. `repair_all` repairs whatever the policy, also what an operator dropped. Never
    runs inside of a transaction: it waits for the gateway.
    """
    with advisory_lock("reconcile the gateway") as is_mine:
        if not is_mine:
            raise SyncRunning
        run = _begin(is_dry_run=dry_run)
        chosen = set(registry.reconciled_kinds() if kinds is None else kinds)
        try:
            for kind in (kind for kind in registry.reconciled_kinds() if kind in chosen):
                comparison = _Comparison(run, kind, client or gateway(), repair_all, progress)
                run.results[kind] = asdict(comparison.carry_out())
                run.save(update_fields=["results"])
        except BaseException as error:
            _end(run, SyncRun.State.FAILED, f"{type(error).__name__}")
            raise
        whole = all(report["is_complete"] for report in run.results.values())
        _end(run, SyncRun.State.COMPLETED if whole else SyncRun.State.INCOMPLETE)
    return run


def _begin(*, is_dry_run: bool) -> SyncRun:
    """With the lock in our hands, a run that says it is running belongs to a process that was killed."""
    now = timezone.now()
    for dead in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        _end(dead, SyncRun.State.FAILED, "The process ended.")
    return SyncRun.objects.create(started_at=now, is_dry_run=is_dry_run)


def _end(run: SyncRun, state: SyncRun.State, error: str = "") -> None:
    Sighted.objects.filter(run=run).delete()
    run.state, run.error, run.finished_at = state, error, timezone.now()
    run.save(update_fields=["state", "error", "finished_at", "results"])


class _Comparison:
    """One kind in one run."""

    def __init__(
        self, run: SyncRun, kind: str, client: GatewayClient, repair_all: bool, progress: Progress | None
    ) -> None:
        self.run = run
        self.kind = kind
        self.client = client
        self.mirror: Mirror = registry.mirror_of(kind)
        self.policy = Policy.REPAIR if repair_all else findings.policy_of(kind)
        self.repair_all = repair_all
        self.report = KindReport(kind)
        self._tell = progress or (lambda _report: None)
        self._began = _database_time()

    def carry_out(self) -> KindReport:
        try:
            self._read_all()
            self._look_for_missing()
            self.report.is_complete = True
            if not self.run.is_dry_run:
                findings.close_unseen(self.kind, self.run)
        except _FAILURES as error:
            self.report.error = str(error)[:500]
        except _Incomplete as doubt:
            self.report.error = str(doubt)
        if self.report.error:
            log.warning("the comparison is incomplete", kind=self.kind, reason=self.report.error)
        self._tell(self.report)
        return self.report

    def _read_all(self) -> None:
        counted = total = 0
        began = _database_time()
        for page in pages_of(self.kind, self.client):
            counted, total = counted + page.counted, page.total
            self._compare(self._unseen(page.rows), began)
            self._tell(self.report)
            began = _database_time()
        if counted < total:
            raise _Incomplete(f"The gateway counts {total} and showed {counted}.")

    def _unseen(self, rows: dict[str, Json]) -> dict[str, Json]:
        """Without what an earlier page showed already: lists shift while they are read."""
        seen = Sighted.objects.filter(run=self.run, kind=self.kind, gateway_id__in=list(rows))
        known = set(seen.values_list("gateway_id", flat=True))
        fresh = {gateway_id: row for gateway_id, row in rows.items() if gateway_id not in known}
        Sighted.objects.bulk_create(Sighted(run=self.run, kind=self.kind, gateway_id=pk) for pk in fresh)
        self.report.there += len(fresh)
        return fresh

    def _compare(self, rows: dict[str, Json], began: datetime) -> None:
        wishes: Mapping[str, Wish] = self.mirror.wishes(list(rows)) if rows else {}
        self._keep_spend(rows, wishes, began)
        moving = _moving(self.kind, (wish.object_id for wish in wishes.values()), began)
        found: list[Found] = []
        for gateway_id, row in rows.items():
            wish = wishes.get(gateway_id)
            if wish is None:
                if not is_its_own(self.kind, gateway_id, row):
                    self.report.unknown += 1
                    found.append(Found(Finding.Verdict.UNKNOWN, gateway_id, None, label_of(self.kind, row)))
                continue
            self.report.ours += 1
            if wish.object_id in moving:
                continue
            if differing := self._differences(wish, row):
                self.report.different += 1
                label = label_of(self.kind, row)
                found.append(Found(Finding.Verdict.DIFFERENT, gateway_id, wish.object_id, label, differing))
        self._act_on(found)

    def _differences(self, wish: Wish, row: Json) -> list[Difference]:
        if wish.fields is None:
            return [Difference("exists", False, True)]
        return differences(wish.fields, self.mirror.read(row))

    def _look_for_missing(self) -> None:
        asked = [0]
        for batch in self.mirror.expected():
            absent = self._absent(dict(batch))
            moving = _moving(self.kind, absent.values(), self._began)
            absent = {gateway_id: pk for gateway_id, pk in absent.items() if pk not in moving}
            self._ask_again(absent, asked)
            self.report.ours += len(absent)
            self.report.missing += len(absent)
            self._act_on(
                [Found(Finding.Verdict.MISSING, gateway_id, pk) for gateway_id, pk in absent.items()]
            )
            self._tell(self.report)

    def _absent(self, batch: dict[str, UUID]) -> dict[str, UUID]:
        seen = Sighted.objects.filter(run=self.run, kind=self.kind, gateway_id__in=list(batch))
        known = set(seen.values_list("gateway_id", flat=True))
        return {gateway_id: pk for gateway_id, pk in batch.items() if gateway_id not in known}

    def _ask_again(self, absent: dict[str, UUID], asked: list[int]) -> None:
        """Take out of `absent` what is there after all. Raises _Incomplete when a list left out too much."""
        left_out = 0
        for gateway_id in list(absent)[: max(0, ASKED_AGAIN - asked[0])]:
            asked[0] += 1
            if fetch(self.kind, gateway_id, self.client) is not None:
                left_out += 1
                del absent[gateway_id]
        if left_out and absent and asked[0] >= ASKED_AGAIN:
            raise _Incomplete("The gateway's list leaves out objects that it has.")

    def _act_on(self, found: list[Found]) -> None:
        if not found:
            return
        if self.run.is_dry_run:
            room = _EXAMPLES - len(self.report.examples)
            self.report.examples += [item.as_json() for item in found[:room]]
            return
        kept = findings.keep(self.kind, found, run=self.run, now=timezone.now())
        if self.policy is Policy.ADOPT:
            self.report.adopted += findings.adopt_all(kept, client=self.client)
        ours = {finding.object_id for finding in kept if finding.is_open and finding.object_id is not None}
        if self.policy is not Policy.REPORT and ours:
            self.report.repaired += self._repair(ours)

    def _repair(self, object_ids: set[UUID]) -> int:
        """Ask for it to be made right, unless an operator gave it up."""
        if not self.repair_all:
            given_up = GatewayObject.objects.filter(
                kind=self.kind, object_id__in=object_ids, dropped_at__isnull=False
            )
            object_ids = object_ids - set(given_up.values_list("object_id", flat=True))
        return findings.ask_for_repair(self.kind, object_ids, now=timezone.now())

    def _keep_spend(self, rows: dict[str, Json], wishes: Mapping[str, Wish], as_of: datetime) -> None:
        if not self.run.is_dry_run:
            keep_spend(self.kind, rows, wishes, as_of=as_of)


def keep_spend(kind: str, rows: dict[str, Json], wishes: Mapping[str, Wish], *, as_of: datetime) -> int:
    """Record what these rows of the gateway say about the spend of ours; of how many."""
    spends = []
    for gateway_id, wish in wishes.items():
        figure = read_spend(rows[gateway_id]) if gateway_id in rows else None
        if figure is not None:
            spends.append(Spend(gateway_id, wish.object_id, *figure))
    return record_spend(kind, spends, as_of=as_of)


def _moving(kind: str, object_ids: Iterable[UUID], since: datetime) -> set[UUID]:
    """Those that are being changed right now, or were since then: what was read of them may be old."""
    rows = GatewayObject.objects.filter(kind=kind, object_id__in=list(object_ids))
    moving = rows.filter(Q(applied__lt=F("requested"), parked_at__isnull=True) | Q(applied_at__gte=since))
    return set(moving.values_list("object_id", flat=True))


def _database_time() -> datetime:
    """`applied_at` is written by the database's clock, so it is compared with the same one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
