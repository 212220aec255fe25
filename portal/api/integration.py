"""How portal and gateway stand to each other (contract §10)."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from jobs.api.presenters import accepted
from litellm_sync.models import GatewayObject, SyncRun
from litellm_sync.progress import progress
from litemaas.api import params
from litemaas.api.views import ContractView, body_of, is_dry
from portal.api import integration_schema as schema
from portal.sync import comparing, standing

# Which part of the answer each kind of object counts for.
_PARTS = {"user": "users", "team": "teams", "member": "teams", "key": "apiKeys", "model": "models"}
_KINDS = {
    "syncUsers": ("user",),
    "syncTeams": ("team", "member"),
    "syncSubscriptions": ("key",),
    "syncApiKeys": ("key",),
    "syncModels": ("model",),
}
_SEVERITIES = ("low", "medium", "high")


class IntegrationHealthView(ContractView):
    permissions_needed: ClassVar = {"GET": "admin:system:read"}

    @extend_schema(responses=schema.IntegrationHealthOut)
    def get(self, request: Request) -> Response:
        now = timezone.now()
        reached, run, queue = standing.connection(now=now), standing.last_run(), progress(now=now)
        counts = standing.consistency()
        return Response(
            {
                "liteLLMConnection": {
                    "status": "healthy" if reached.is_up else "unhealthy",
                    "responseTime": reached.milliseconds,
                    "lastChecked": reached.checked_at,
                },
                "syncStatus": {
                    "lastGlobalSync": run and run.finished_at,
                    "nextScheduledSync": run and run.started_at + standing.COMPARED_EVERY,
                    "pendingSyncs": queue.waiting,
                    "failedSyncs": queue.parked,
                },
                "dataConsistency": {
                    f"{name}{word}": counts[kind][place]
                    for kind, name in (("user", "users"), ("team", "teams"), ("key", "keys"))
                    for place, word in enumerate(("InSync", "OutOfSync"))
                },
            }
        )


class IntegrationSyncView(ContractView):
    """Compare and repair now. For one user or one team: tell the gateway about them once more."""

    permissions_needed: ClassVar = {"POST": "admin:system"}
    rehearses_itself: ClassVar = frozenset({"POST"})

    @extend_schema(
        parameters=[OpenApiParameter("dryRun", bool)],
        request=schema.IntegrationSyncIn,
        responses={200: schema.IntegrationSyncOut, 202: schema.IntegrationSyncAcceptedOut},
    )
    def post(self, request: Request) -> Response:
        body, now, dry = body_of(request, schema.IntegrationSyncIn), timezone.now(), is_dry(request)
        user_id, team_id = body.get("userId"), body.get("teamId")
        if (user_id or team_id) and not dry:
            asked = comparing.push_again(actor=actor_of(request), user_id=user_id, team_id=team_id, now=now)
            return Response(_pushed(asked, now))
        kinds = {kind for name, kinds in _KINDS.items() if body[name] for kind in kinds}
        done = comparing.compare(
            actor=actor_of(request), kinds=kinds, force=body["forceSync"], dry_run=dry, now=now
        )
        if done.job is not None:
            return accepted(done.job, _answer(None, now, None, None, {}))
        answer = _compared(done.run) if done.run else {}
        return Response(
            {**answer, "dryRun": True, "affected": _affected(done.run)} if dry and done.run else answer
        )


class IntegrationAlertsView(ContractView):
    permissions_needed: ClassVar = {"GET": "admin:system:read"}

    @extend_schema(parameters=[OpenApiParameter("severity", enum=_SEVERITIES)], responses=schema.AlertsOut)
    def get(self, request: Request) -> Response:
        severity = params.choice(request, "severity", ("", *_SEVERITIES), "") or None
        found = standing.alerts(now=timezone.now(), severity=severity)
        return Response(
            {
                "alerts": [
                    {
                        "type": alert.type,
                        "severity": alert.severity,
                        "message": alert.message,
                        "createdAt": alert.created_at,
                        "entityId": alert.entity_id,
                    }
                    for alert in found
                ]
            }
        )


def _compared(run: SyncRun) -> dict[str, Any]:
    """Subscriptions have no object of their own in the gateway: they are counted by the keys that carry them."""
    counts: dict[str, tuple[int, int, int]] = {}
    for kind, report in run.results.items():
        out = report["missing"] + report["different"]
        _add(counts, kind, report["ours"], report["ours"] - out, out + bool(report["error"]))
    if "key" in run.results:
        synced, out = standing.subscriptions_in_sync()
        counts["subscriptions"] = (synced + out, synced, out)
    success = run.state == SyncRun.State.COMPLETED
    return _answer(str(run.pk), run.started_at, run.finished_at, success, counts)


def _affected(run: SyncRun) -> dict[str, Any]:
    """What a run that is no dry one would put right. Which ones, the findings say."""

    def wrong(kind: str) -> int:
        report = run.results.get(kind)
        return report["missing"] + report["different"] if report else 0

    counts = {"users": wrong("user"), "subscriptions": 0, "apiKeys": wrong("key"), "models": wrong("model")}
    return {**counts, "samples": []}


def _pushed(asked: Mapping[str, list[UUID]], now: Any) -> dict[str, Any]:
    """At the moment of the answer most are still on their way: `synced` is what the gateway has confirmed."""
    counts: dict[str, tuple[int, int, int]] = {}
    for kind, ids in asked.items():
        rows = GatewayObject.objects.filter(kind=kind, object_id__in=ids)
        waiting, refused = rows.waiting().count(), rows.parked().count()
        _add(counts, kind, len(ids), len(ids) - waiting, refused)
    return _answer(None, now, None, None, counts)


def _add(counts: dict[str, tuple[int, int, int]], kind: str, *more: int) -> None:
    part = _PARTS[kind]
    total, synced, errors = (
        before + extra for before, extra in zip(counts.get(part, (0, 0, 0)), more, strict=True)
    )
    counts[part] = (total, synced, errors)


def _answer(
    sync_id: str | None,
    began: Any,
    ended: Any,
    success: bool | None,
    counts: Mapping[str, tuple[int, int, int]],
) -> dict[str, Any]:
    parts = ("users", "teams", "subscriptions", "apiKeys", "models")
    names = ("total", "synced", "errors")
    return {
        "syncId": sync_id,
        "startedAt": began,
        "completedAt": ended,
        "success": success,
        "results": {part: dict(zip(names, counts.get(part, (0, 0, 0)), strict=True)) for part in parts},
        "duration": round(1000 * (ended - began).total_seconds()) if ended else None,
    }
