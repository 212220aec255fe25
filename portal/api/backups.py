"""Backups (contract §17). Answers are wrapped in `data`, as the v0.4 front end reads them."""

import base64
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from jobs import services as jobs
from jobs.api.presenters import accepted
from jobs.models import Job
from litemaas.api.views import ContractView, affected, body_of, is_dry
from portal.api import backup_schema as schema
from portal.backups import services, store
from portal.backups.errors import BackupNotFound, BackupNotRestorable
from portal.backups.servers import GATEWAY, PORTAL
from portal.backups.services import READ, WRITE
from portal.backups.store import Backup

# How long a request waits for a restore before it answers with the job: clients give up after 30 seconds.
PATIENCE = 20.0
_STATES = {
    Job.State.QUEUED: "running",
    Job.State.RUNNING: "running",
    Job.State.SUCCEEDED: "completed",
    Job.State.FAILED: "failed",
    Job.State.CANCELLED: "failed",
}


class CapabilitiesView(ContractView):
    permissions_needed: ClassVar = {"GET": READ}

    @extend_schema(responses=schema.CapabilitiesAnswerOut, operation_id="backup_capabilities")
    def get(self, request: Request) -> Response:
        """What can be backed up here, and what is missing where it can't."""
        found = {
            capability.database: capability for capability in services.capabilities(actor=actor_of(request))
        }
        portal, gateway = found[PORTAL], found[GATEWAY]
        return Response(
            {
                "data": {
                    "litemaasAvailable": portal.problem is None,
                    "litellmAvailable": gateway.problem is None,
                    "litellmConfigured": gateway.is_configured,
                    "storagePath": "The folder of BACKUP_DIR" if store.is_set_up() else "None",
                    "problems": [
                        f"{capability.database}: {capability.problem}"
                        for capability in (portal, gateway)
                        if capability.problem is not None and capability.is_configured
                    ],
                }
            }
        )


class BackupsView(ContractView):
    permissions_needed: ClassVar = {"GET": READ}

    @extend_schema(responses=schema.BackupsOut, operation_id="list_backups")
    def get(self, request: Request) -> Response:
        return Response({"data": [_info(b) for b in services.list_backups(actor=actor_of(request))]})


class BackupView(ContractView):
    permissions_needed: ClassVar = {"GET": READ, "DELETE": WRITE}

    @extend_schema(responses=schema.BackupAnswerOut, operation_id="read_backup")
    def get(self, request: Request, backup_id: str) -> Response:
        return Response({"data": _info(services.read_backup(actor=actor_of(request), backup_id=backup_id))})

    @extend_schema(request=None, responses=schema.BackupDeletedOut, operation_id="delete_backup")
    def delete(self, request: Request, backup_id: str) -> Response:
        services.delete_backup(actor=actor_of(request), backup_id=backup_id, now=timezone.now())
        return Response({"success": True, "message": "The backup is deleted."})


class StatusView(ContractView):
    permissions_needed: ClassVar = {"GET": READ}

    @extend_schema(responses=schema.BackupJobAnswerOut, operation_id="backup_status")
    def get(self, request: Request) -> Response:
        """The newest backup, restore or trial, wherever it runs."""
        return Response({"data": _job(services.newest_job(actor=actor_of(request)))})


class CreateView(ContractView):
    permissions_needed: ClassVar = {"POST": WRITE}

    @extend_schema(request=schema.BackupIn, responses=schema.BackupJobAnswerOut, operation_id="create_backup")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.BackupIn)
        job = services.start_backup(actor=actor_of(request), database=body["database"], now=timezone.now())
        return Response({"data": _job(job)})


class DownloadView(ContractView):
    permissions_needed: ClassVar = {"GET": WRITE}

    @extend_schema(
        responses={(200, "application/gzip"): OpenApiResponse(OpenApiTypes.BINARY)},
        operation_id="download_backup",
    )
    def get(self, request: Request, backup_id: str) -> StreamingHttpResponse:
        """The dump, opened and streamed: `gunzip -c FILE | pg_restore -d DATABASE`. Needs a recent sign-in."""
        backup = services.open_backup(actor=actor_of(request), backup_id=backup_id, now=timezone.now())
        digest = base64.b64encode(bytes.fromhex(backup.content_sha256)).decode()
        return StreamingHttpResponse(
            backup.content(),
            content_type="application/gzip",
            headers={
                "Content-Disposition": content_disposition_header(True, backup.id) or "attachment",
                "Content-Length": str(backup.content_size),
                "Repr-Digest": f"sha-256=:{digest}:",
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


class RestoreView(ContractView):
    permissions_needed: ClassVar = {"POST": WRITE}
    rehearses_itself: ClassVar = frozenset({"POST"})

    @extend_schema(
        parameters=[OpenApiParameter("dryRun", bool)],
        request=schema.BackupIn,
        responses={200: schema.RestoredAnswerOut, 202: schema.AcceptedRestoreOut},
        operation_id="restore_backup",
    )
    def post(self, request: Request, backup_id: str) -> Response:
        """Everything of it or nothing. `database` confirms what is replaced; needs a recent sign-in."""
        body, actor = body_of(request, schema.BackupIn), actor_of(request)
        if is_dry(request):
            found = services.would_restore(actor=actor, backup_id=backup_id, database=body["database"])
            return Response({"data": found.result, "dryRun": True, "affected": affected({})})
        job = services.start_restore(
            actor=actor, backup_id=backup_id, database=body["database"], now=timezone.now()
        )
        return _when_done(job)


class TrialView(ContractView):
    permissions_needed: ClassVar = {"POST": WRITE}

    @extend_schema(
        request=schema.TrialIn,
        responses={200: schema.TriedAnswerOut, 202: schema.AcceptedTrialOut},
        operation_id="test_restore_backup",
    )
    def post(self, request: Request, backup_id: str) -> Response:
        """Restores into a database of its own, compares the rows with those that were dumped, and drops it."""
        body = body_of(request, schema.TrialIn)
        job = services.start_trial(
            actor=actor_of(request),
            backup_id=backup_id,
            database=body["database"],
            name=body.get("testSchemaName"),
            keeps=body["keep"],
            now=timezone.now(),
        )
        return _when_done(job)


def _when_done(job: Job) -> Response:
    job = jobs.wait_for(job, seconds=PATIENCE)
    if not job.is_finished:
        so_far: dict[str, Any] = {
            "success": None,
            "tablesRestored": None,
            "rowsRestored": None,
            "duration": None,
            "warnings": [],
        }
        name = job.arguments.get("name")
        return accepted(job, {"data": so_far | ({"testSchema": name} if name else {})})
    if job.state != Job.State.SUCCEEDED:
        raise BackupNotRestorable(job.error or "It was cancelled.", jobId=str(job.pk))
    return Response({"data": job.result})


def _info(backup: Backup) -> dict[str, Any]:
    return {
        "id": backup.id,
        "filename": backup.id,
        "database": backup.database,
        "timestamp": backup.timestamp,
        "size": backup.content_size,
        "metadata": {
            "formatVersion": backup.format_version,
            "database": backup.database,
            "timestamp": backup.timestamp,
            "appVersion": backup.app_version,
            "tableCount": len(backup.row_counts),
            "rowCounts": backup.row_counts,
        },
    }


def _job(job: Job | None) -> dict[str, Any]:
    nothing = dict.fromkeys(("database", "progress", "backup", "error", "startedAt", "completedAt"))
    if job is None:
        return {"state": "idle", **nothing}
    return {
        "state": _STATES[Job.State(job.state)],
        "database": job.arguments.get("database"),
        "progress": _progress(job),
        "backup": _finished(job),
        "error": "It was cancelled." if job.state == Job.State.CANCELLED else job.error or None,
        "startedAt": job.started_at or job.created_at,
        "completedAt": job.finished_at,
    }


def _progress(job: Job) -> dict[str, Any] | None:
    """None until it is known how many tables there are."""
    if job.unit != "tables" or job.total is None:
        return None
    known, end = job.result or {}, job.finished_at or timezone.now()
    return {
        "currentTable": None if job.is_finished else job.message or None,
        "tablesCompleted": job.done,
        "tablesTotal": job.total,
        "rowsProcessed": known.get("rowsProcessed", known.get("rowsTotal") if job.is_finished else None),
        "rowsTotal": known.get("rowsTotal"),
        "elapsed": int((end - (job.started_at or job.created_at)).total_seconds() * 1000),
    }


def _finished(job: Job) -> dict[str, Any] | None:
    if job.state != Job.State.SUCCEEDED:
        return None
    try:
        return _info(store.backup_of(job.arguments.get("backupId", "")))
    except BackupNotFound:
        return None
