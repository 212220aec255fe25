"""Decisions of operators about wishes that failed and about what the reconciler found."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Actor
from litellm_sync import findings, outbox
from litellm_sync.client import gateway
from litellm_sync.models import Finding, FindingQuerySet, GatewayObject, GatewayObjectQuerySet
from litemaas.errors import Forbidden

WRITE = "admin:system"


@transaction.atomic(durable=True)
def retry_wishes(*, actor: Actor, ids: Iterable[int], now: datetime) -> int:
    """Put failed wishes back in the queue; how many. A wish that is fulfilled stays so."""
    rows = _wishes(actor, ids)
    for row in rows.dirty():
        _record_wish("GATEWAY_WISH_RETRY", row, actor, now)
    return outbox.retry(rows, now=now)


@transaction.atomic(durable=True)
def drop_wishes(*, actor: Actor, ids: Iterable[int], now: datetime) -> int:
    """Give up wishes that the gateway refused for good; how many."""
    rows = _wishes(actor, ids)
    for row in rows.parked():
        _record_wish("GATEWAY_WISH_DROP", row, actor, now)
    return outbox.drop(rows, now=now)


@transaction.atomic(durable=True)
def repair_findings(*, actor: Actor, ids: Iterable[int], now: datetime) -> int:
    """Bring the gateway in line with the portal where these were found; of how many objects. Strangers are left alone."""
    rows = _findings(actor, ids)
    for finding in rows.open().filter(object_id__isnull=False):
        _record_finding("GATEWAY_DRIFT_REPAIR", finding, actor, now)
    return findings.repair(rows, now=now)


@transaction.atomic(durable=True)
def ignore_finding(*, actor: Actor, finding_id: int, until: datetime | None, now: datetime) -> Finding:
    """Don't show a stranger until then; None shows it again. Raises NotIgnorable for what is ours."""
    finding = _locked(actor, finding_id)
    findings.ignore(finding, until=until)
    _record_finding("GATEWAY_DRIFT_IGNORE", finding, actor, now, until=until.isoformat() if until else None)
    return finding


def adopt_finding(*, actor: Actor, finding_id: int, now: datetime) -> Finding:
    """Take the gateway's values, or a stranger, into the portal. Raises NotAdoptable, or what the kind's rules refuse."""
    _require(actor)
    # Asked before the transaction: nobody waits for the gateway with rows locked.
    row = findings.read_again(Finding.objects.get_or_refuse(finding_id), client=gateway())
    with transaction.atomic(durable=True):
        finding = _locked(actor, finding_id)
        object_id = findings.adopt(finding, row, actor=actor, now=now)
        _record_finding("GATEWAY_DRIFT_ADOPT", finding, actor, now, adoptedAs=str(object_id))
    return finding


def _require(actor: Actor) -> None:
    if not actor.may(WRITE):
        raise Forbidden(requiredPermission=WRITE)


def _wishes(actor: Actor, ids: Iterable[int]) -> GatewayObjectQuerySet:
    _require(actor)
    return GatewayObject.objects.filter(pk__in=list(ids))


def _findings(actor: Actor, ids: Iterable[int]) -> FindingQuerySet:
    _require(actor)
    return Finding.objects.filter(pk__in=list(ids))


def _locked(actor: Actor, finding_id: int) -> Finding:
    _require(actor)
    return Finding.objects.select_for_update(no_key=True).get_or_refuse(finding_id)


def _record_wish(action: str, row: GatewayObject, actor: Actor, now: datetime) -> None:
    resource = (row.kind.upper(), str(row.object_id))
    audit.record(action, actor=actor, resource=resource, at=now, metadata={"lastError": row.last_error})


def _record_finding(action: str, finding: Finding, actor: Actor, now: datetime, **metadata: Any) -> None:
    resource = (finding.kind.upper(), str(finding.object_id or finding.gateway_id))
    facts = {"verdict": finding.verdict, "differences": finding.differences, **metadata}
    audit.record(action, actor=actor, resource=resource, at=now, metadata=facts)
