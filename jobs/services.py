"""Use cases of jobs: start, cancel, forget."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from accounts import audit
from accounts.models import Actor, User
from jobs.models import Job, JobChunk
from jobs.registry import kind_of
from litemaas import errors

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)


class JobRunning(errors.Conflict):
    code = "JOB_RUNNING"
    default_message = gettext_lazy("This is running already. Wait for its end.")


def start_job(
    *,
    kind: str,
    actor: Actor,
    arguments: dict[str, Any] | None = None,
    exclusive: str | None = None,
    now: datetime,
) -> Job:
    """Queue a job in the caller's transaction; workers begin after its commit. Raises JobRunning.

    The caller has checked that the actor may. `arguments` are JSON values without secrets. Of jobs with the same
    `exclusive` name one runs at a time; the database makes sure.
    """
    kind_of(kind)
    job = Job(kind=kind, exclusive=exclusive, arguments=arguments or {}, created_at=now)
    job.created_by = actor if isinstance(actor, User) else None
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        running = Job.objects.open().filter(exclusive=exclusive).values_list("pk", flat=True).first()
        raise JobRunning(jobId=str(running) if running else None) from None
    transaction.on_commit(lambda: _hurry(job.pk), robust=True)
    return job


def _hurry(job_id: UUID) -> None:
    """Ask a worker. With the broker away the sweep of the minute finds the job."""
    from jobs.tasks import run_job

    try:
        run_job.delay(str(job_id))
    except (KombuError, RedisError, OSError) as error:
        log.warning("the broker is away, the sweep will start the job", error=type(error).__name__)


@transaction.atomic(durable=True)
def cancel_job(*, actor: Actor, job_id: UUID | str, now: datetime) -> Job:
    """A queued job ends at once, a running one at its next step. Raises Conflict when it has finished."""
    job = Job.objects.visible_to(actor).select_for_update(of=("self",), no_key=True).get_or_refuse(job_id)
    if job.created_by_id != actor.pk and not actor.may("admin:system"):
        raise errors.Forbidden(requiredPermission="admin:system")
    if job.is_finished:
        raise errors.Conflict(_("This job has finished."), state=job.state)
    if job.cancel_asked_at is None:
        job.cancel_asked_at = now
        if job.state == Job.State.QUEUED:
            job.state, job.finished_at = Job.State.CANCELLED, now
        job.save(update_fields=["cancel_asked_at", "state", "finished_at"])
        audit.record("JOB_CANCEL", actor=actor, resource=("JOB", str(job.pk)), at=now, new={"kind": job.kind})
    return job


def wait_for(job: Job, *, seconds: float) -> Job:
    """The job as it is at its end, or after so many seconds. For requests, outside of a transaction."""
    deadline = time.monotonic() + seconds
    while True:
        job.refresh_from_db()
        left = deadline - time.monotonic()
        if job.is_finished or left <= 0:
            return job
        time.sleep(min(left, 0.2))


def file_of(job: Job) -> Iterator[bytes]:
    """What the job wrote, piece by piece."""
    pieces = (
        JobChunk.objects.filter(job=job, attempt=job.attempts)
        .order_by("position")
        .values_list("data", flat=True)
    )
    for data in pieces.iterator(chunk_size=4):
        yield bytes(data)


def forget_old(*, now: datetime) -> int:
    """Drop jobs, and their files, that finished longer than `KEPT` ago; how many."""
    return Job.objects.filter(finished_at__lt=now - KEPT).delete()[1].get("jobs.Job", 0)
