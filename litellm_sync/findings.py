"""Findings of the reconciler: kept, repaired, adopted, ignored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from litellm_sync import outbox, registry
from litellm_sync.client import GatewayClient
from litellm_sync.differences import Difference
from litellm_sync.listing import fetch
from litellm_sync.models import Finding, FindingQuerySet, GatewayObject, SyncRun
from litellm_sync.registry import Policy, Sighting
from litemaas.errors import Conflict, DomainError
from litemaas.redaction import redact

log = structlog.get_logger(__name__)

KEPT = timedelta(days=90)
_LONGEST_VALUE = 500


class NotAdoptable(Conflict):
    default_message = gettext_lazy("This can't be taken over from the gateway.")


class NotIgnorable(Conflict):
    default_message = gettext_lazy(
        "Only what is unknown to the portal can be ignored. Repair or adopt what is ours."
    )


@dataclass(frozen=True, slots=True)
class Found:
    """One disagreement, before it is kept."""

    verdict: Finding.Verdict
    gateway_id: str
    object_id: UUID | None
    label: str = ""
    differing: list[Difference] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "gateway_id": self.gateway_id,
            "object_id": self.object_id and str(self.object_id),
            "label": self.label,
            "differences": self.shown(),
        }

    def shown(self) -> list[dict[str, Any]]:
        """Fields with both values, fit to be kept and shown: no secrets, nothing endless."""
        return [
            {"field": item.field, **redact({"portal": _plain(item.wanted), "gateway": _plain(item.found)})}
            for item in self.differing
        ]


def policy_of(kind: str) -> Policy:
    """What to do about objects of ours that differ: the operator's setting, else the kind's own."""
    return Policy(settings.GATEWAY_DRIFT_POLICIES.get(kind, registry.mirror_of(kind).policy))


def keep(kind: str, found: Sequence[Found], *, run: SyncRun, now: datetime) -> list[Finding]:
    """Keep these as open findings, in a fixed number of statements."""
    known = Finding.objects.in_bulk_by_gateway_id(kind, [item.gateway_id for item in found])
    rows = []
    for item in found:
        before = known.get(item.gateway_id)
        goes_on = before is not None and before.is_open and before.verdict == item.verdict
        rows.append(
            Finding(
                kind=kind,
                gateway_id=item.gateway_id,
                object_id=item.object_id,
                label=item.label or (before.label if before else ""),
                verdict=item.verdict,
                differences=item.shown(),
                found_at=before.found_at if before and goes_on else now,
                seen_at=now,
                run=run,
                repair_asked_at=before.repair_asked_at if before and goes_on else None,
                ignored_until=before.ignored_until if before else None,
            )
        )
    changing = [
        "object_id",
        "label",
        "verdict",
        "differences",
        "found_at",
        "seen_at",
        "run",
        "repair_asked_at",
    ]
    return Finding.objects.bulk_create(
        sorted(rows, key=lambda row: row.gateway_id),
        update_conflicts=True,
        unique_fields=["kind", "gateway_id"],
        update_fields=[*changing, "resolved_at"],
    )


def close_unseen(kind: str, run: SyncRun) -> int:
    """After a complete comparison: what it did not find any more has gone; how many."""
    return Finding.objects.open().filter(kind=kind).exclude(run=run).update(resolved_at=timezone.now())


def close_repaired() -> int:
    """Findings whose repair the gateway has confirmed since it was asked for; how many."""
    confirmed = GatewayObject.objects.filter(
        kind=OuterRef("kind"),
        object_id=OuterRef("object_id"),
        applied=F("requested"),
        applied_at__gte=OuterRef("repair_asked_at"),
    )
    repairing = Finding.objects.open().filter(repair_asked_at__isnull=False)
    return repairing.filter(Exists(confirmed)).update(resolved_at=timezone.now())


@transaction.atomic
def ask_for_repair(kind: str, object_ids: Iterable[UUID], *, now: datetime) -> int:
    """Let the outbox bring these in line; how many. The next sweep does it."""
    ids = sorted(set(object_ids))
    if ids:
        outbox.mark_dirty(kind, ids, now=now, hurried=False, bulk=True)
        open_ones = Finding.objects.open().filter(kind=kind, object_id__in=ids)
        open_ones.update(repair_asked_at=now)
    return len(ids)


def repair(rows: FindingQuerySet, *, now: datetime) -> int:
    """Repair what is ours among these findings; how many objects."""
    ours = rows.open().filter(object_id__isnull=False).values_list("kind", "object_id")
    by_kind: dict[str, set[UUID]] = {}
    for kind, object_id in ours:
        if object_id is not None:
            by_kind.setdefault(kind, set()).add(object_id)
    return sum(ask_for_repair(kind, ids, now=now) for kind, ids in by_kind.items())


def ignore(finding: Finding, *, until: datetime | None) -> None:
    """Don't show a stranger until then; None shows it again. Raises NotIgnorable for what is ours."""
    if finding.object_id is not None:
        raise NotIgnorable
    finding.ignored_until = until
    finding.save(update_fields=["ignored_until"])


def adopt(finding: Finding, row: dict[str, Any], *, actor: Any, now: datetime) -> UUID:
    """Take the gateway's values, or the stranger, into the portal; the portal's id of it. In the caller's transaction.

    `row` is the gateway's row as `read_again` gave it just now. Raises NotAdoptable, or whatever the kind's rules refuse.
    """
    adopting = registry.mirror_of(finding.kind).adopt
    if adopting is None or not finding.is_open or finding.verdict == Finding.Verdict.MISSING:
        raise NotAdoptable
    object_id = adopting(Sighting(finding.gateway_id, row, finding.object_id), actor, now)
    finding.resolved_at = now
    finding.save(update_fields=["resolved_at"])
    return object_id


def read_again(finding: Finding, *, client: GatewayClient) -> dict[str, Any]:
    """The object as the gateway has it now; outside of any transaction. Raises NotAdoptable when it is gone."""
    row = fetch(finding.kind, finding.gateway_id, client)
    if row is None:
        raise NotAdoptable(_("The gateway does not have this any more."))
    return row


def adopt_all(found: Iterable[Finding], *, client: GatewayClient) -> int:
    """By policy: take the gateway's values for what differs, each in a transaction of its own; how many.

    What the portal's rules refuse stays a finding, and is repaired.
    """
    adopted = 0
    for finding in found:
        if finding.verdict != Finding.Verdict.DIFFERENT:
            continue
        try:
            row = read_again(finding, client=client)
            with transaction.atomic():
                adopt(finding, row, actor=None, now=timezone.now())
            adopted += 1
        except DomainError as refusal:
            log.info("not adopted", kind=finding.kind, gateway_id=finding.gateway_id, reason=refusal.code)
    return adopted


def forget_old(*, now: datetime) -> int:
    """Drop runs, and findings that are settled, older than `KEPT`; how many rows."""
    settled = Finding.objects.filter(resolved_at__lt=now - KEPT).delete()[0]
    return settled + SyncRun.objects.filter(finished_at__lt=now - KEPT).delete()[0]


def _plain(value: Any) -> Any:
    """As JSON has it, without endless texts."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((_plain(item) for item in value), key=str)[:100]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return str(value.isoformat() if isinstance(value, datetime) else value)[:_LONGEST_VALUE]
