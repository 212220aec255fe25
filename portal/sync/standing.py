"""How portal and gateway stand to each other: facts and alerts for operators. Only `connection` asks the gateway."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext, ngettext

from apikeys.models import ApiKeyModel
from litellm_sync.client import gateway
from litellm_sync.models import Finding, GatewayObject, SyncRun
from litellm_sync.progress import progress
from subscriptions.models import Subscription

COMPARED_EVERY = timedelta(hours=1)
# A wish that waits longer than this is a trouble and no matter of course.
LONG_WAIT = timedelta(minutes=15)
_MOST_ALERTS = 100


@dataclass(frozen=True, slots=True)
class Connection:
    is_up: bool
    milliseconds: int | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """`severity` is low, medium or high."""

    type: str
    severity: str
    message: str
    created_at: datetime
    entity_id: str | None = None


def connection(*, now: datetime) -> Connection:
    """Ask the gateway's process whether it lives; two seconds at most."""
    began = time.monotonic()
    is_up = gateway().is_alive()
    return Connection(is_up, round(1000 * (time.monotonic() - began)) if is_up else None, now)


def last_run() -> SyncRun | None:
    """The last comparison that counts: not a dry run, and finished."""
    return SyncRun.objects.filter(is_dry_run=False, finished_at__isnull=False).order_by("-started_at").first()


def consistency() -> dict[str, tuple[int, int]]:
    """For each kind, how many of ours are in sync and how many are not."""
    is_synced = Q(applied__gte=1) & Q(applied=F("requested"))
    counted = GatewayObject.objects.values("kind").annotate(
        synced=Count("pk", filter=is_synced), all=Count("pk")
    )
    rows = {row["kind"]: (row["synced"], row["all"] - row["synced"]) for row in counted.order_by()}
    drifting = (
        Finding.objects.open()
        .filter(object_id__isnull=False)
        .values("kind")
        .annotate(drifting=Count("object_id", distinct=True))
    )
    for row in drifting.order_by():
        synced, out = rows.get(row["kind"], (0, 0))
        moved = min(synced, row["drifting"])
        rows[row["kind"]] = (synced - moved, out + moved)
    return {kind: rows.get(kind, (0, 0)) for kind in GatewayObject.Kind.values}


def subscriptions_in_sync() -> tuple[int, int]:
    """How many active subscriptions are in sync and how many are not.

    The gateway knows them by the keys that open their models: one is out of sync while a key of its owner that opens
    its model is.
    """
    waiting = GatewayObject.objects.filter(kind=GatewayObject.Kind.KEY).exclude(
        applied__gte=1, applied=F("requested")
    )
    drifting = Finding.objects.open().filter(kind=GatewayObject.Kind.KEY, object_id__isnull=False)
    opening = ApiKeyModel.objects.filter(
        Q(api_key__in=waiting.values("object_id")) | Q(api_key__in=drifting.values("object_id")),
        api_key__owner=OuterRef("user"),
        api_key__revoked_at__isnull=True,
        model=OuterRef("model"),
    )
    active = Subscription.objects.active()
    # Joined from the keys' side. Counting both at once asks the condition of each subscription, which takes seconds.
    out = active.filter(Exists(opening)).count()
    return active.count() - out, out


def alerts(*, now: datetime, severity: str | None = None) -> list[Alert]:
    """What an operator should look at, the worst first."""
    found = [*_of_the_gateway(now), *_of_the_outbox(now), *of_the_comparison(now), *_of_findings(now)]
    ranks = ("high", "medium", "low")
    chosen = [alert for alert in found if severity is None or alert.severity == severity]
    return sorted(chosen, key=lambda alert: (ranks.index(alert.severity), alert.created_at))[:_MOST_ALERTS]


def _of_the_gateway(now: datetime) -> list[Alert]:
    if not gateway().breaker.is_open:
        return []
    return [Alert("gateway_unavailable", "high", gettext("The model gateway does not answer."), now)]


def _of_the_outbox(now: datetime) -> list[Alert]:
    found = [
        Alert(
            "refused",
            "high",
            gettext("The gateway refuses this %(kind)s: %(reason)s")
            % {"kind": row.get_kind_display().lower(), "reason": row.last_error},
            row.parked_at or now,
            str(row.object_id),
        )
        for row in GatewayObject.objects.parked().order_by("-parked_at")[:_MOST_ALERTS]
    ]
    state = progress(now=now)
    if state.oldest_since is not None and now - state.oldest_since > LONG_WAIT:
        text = ngettext(
            "%(count)d change waits for the gateway.",
            "%(count)d changes wait for the gateway.",
            state.waiting,
        )
        found.append(Alert("queue", "medium", text % {"count": state.waiting}, state.oldest_since))
    return found


def of_the_comparison(now: datetime) -> list[Alert]:
    """Whether the last comparison can be relied on."""
    run = last_run()
    if run is None:
        return []
    if run.state != SyncRun.State.COMPLETED:
        text = gettext("The last comparison of portal and gateway did not reach its end.")
        return [Alert("comparison_incomplete", "medium", text, run.finished_at or now)]
    if now - run.started_at > 2 * COMPARED_EVERY:
        text = gettext("Portal and gateway were not compared for hours. Does the beat run?")
        return [Alert("comparison_overdue", "medium", text, run.started_at)]
    return []


def _of_findings(now: datetime) -> list[Alert]:
    severities = {"missing": "medium", "different": "medium", "unknown": "low"}
    return [
        Alert(
            f"drift_{finding.verdict}",
            severities[finding.verdict],
            f"{finding.get_kind_display()} {finding.label or finding.gateway_id}: {finding.get_verdict_display()}",
            finding.found_at,
            str(finding.object_id or finding.gateway_id),
        )
        for finding in Finding.objects.shown(now).order_by("-found_at")[:_MOST_ALERTS]
    ]
