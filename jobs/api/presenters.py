from typing import Any

from rest_framework.response import Response

from jobs.models import Job


def job_row(job: Job) -> dict[str, Any]:
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "progress": {
            "done": job.done,
            "total": job.total,
            "unit": job.unit,
            "message": job.message or None,
        },
        "result": job.result,
        "error": job.error or None,
        "fileName": job.file_name or None,
        "createdBy": job.created_by_id,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "finishedAt": job.finished_at,
    }


def accepted(job: Job, body: dict[str, Any] | None = None) -> Response:
    """202 with what is known so far (contract §20.1): the route's normal body, the job's id, and where it is."""
    return Response(
        {**(body or {}), "jobId": job.pk}, status=202, headers={"Location": f"/api/v1/jobs/{job.pk}"}
    )
