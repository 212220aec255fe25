"""A job in the hands of a worker.

The worker holds a lease that it renews with each report. One that dies stops renewing, and another one starts the job
again; one that was only slow finds its lease gone and stops.
"""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import SYSTEM, Actor
from jobs.models import LEASE, Job, JobChunk
from jobs.registry import kind_of
from litemaas.errors import DomainError
from notifications.services import notify

log = structlog.get_logger(__name__)

_MOST_ATTEMPTS = 3
_REPORT_EVERY = 0.5  # seconds: reports in between cost no statement
_CHUNK = 512 * 1024
_QUICK = timedelta(seconds=10)
_UNEXPECTED = gettext_noop("It failed unexpectedly. The log of the worker says why, under the id of the job.")


class Cancelled(Exception):
    """Somebody asked for the end."""


class LeaseLost(Exception):
    """Another worker has taken the job over."""


class Run:
    """What a handler gets: the arguments, whom it works for, and where to report."""

    def __init__(self, job: Job, lease: UUID) -> None:
        self.job_id: UUID = job.pk
        self.arguments: dict[str, Any] = job.arguments
        self.actor: Actor = job.created_by or SYSTEM
        self._lease, self._attempt = lease, job.attempts
        self._reported = 0.0
        self._buffer = bytearray()
        self._position = 0

    def report(
        self,
        done: int,
        total: int | None = None,
        *,
        unit: str = "",
        message: str = "",
        so_far: dict[str, Any] | None = None,
        force: bool = False,
    ) -> None:
        """How far it is, as often as you like; `so_far` is shown as the result until there is one.

        Raises Cancelled and LeaseLost, which the handler lets through.
        """
        if not force and time.monotonic() - self._reported < _REPORT_EVERY:
            return
        self._reported = time.monotonic()
        mine = Job.objects.filter(pk=self.job_id, lease=self._lease)
        moved = mine.update(
            done=done if total is None else min(done, total),
            total=total,
            unit=unit,
            message=message[:500],
            leased_until=timezone.now() + LEASE,
            **({} if so_far is None else {"result": so_far}),
        )
        if not moved:
            raise LeaseLost
        if mine.filter(cancel_asked_at__isnull=False).exists():
            raise Cancelled

    def begin_file(self, name: str, content_type: str) -> None:
        """The job's result is a file of this name; what an earlier attempt wrote is dropped."""
        with transaction.atomic():
            if not Job.objects.filter(pk=self.job_id, lease=self._lease).update(
                file_name=name, file_type=content_type
            ):
                raise LeaseLost
            JobChunk.objects.filter(job_id=self.job_id, attempt__lte=self._attempt).delete()
        self._position = 0
        self._buffer.clear()

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _CHUNK:
            self._flush(_CHUNK)

    def _flush(self, size: int) -> None:
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        if piece:
            JobChunk.objects.create(
                job_id=self.job_id, attempt=self._attempt, position=self._position, data=piece
            )
            self._position += 1

    def _end_file(self) -> None:
        self._flush(len(self._buffer))


def run_job(job_id: UUID, *, now: datetime | None = None) -> bool:
    """Do the job if it is due. False when it is somebody else's, or finished."""
    job = _claim(job_id, now or timezone.now())
    if job is None:
        return False
    lease = job.lease
    assert lease is not None  # noqa: S101  claimed just now
    run = Run(job, lease)
    try:
        result = kind_of(job.kind).handler(run)
        run._end_file()
    except Cancelled:
        _finish(job, lease, Job.State.CANCELLED)
    except LeaseLost:
        log.warning("the job was taken over", job=str(job.pk), kind=job.kind)
    except DomainError as error:
        _finish(job, lease, Job.State.FAILED, error=error.message)
    except Exception:
        # A bug of ours or an outage: the trace goes to the log, the person gets the number to ask for.
        _finish(job, lease, Job.State.FAILED, error=_UNEXPECTED)
        raise
    else:
        _finish(job, lease, Job.State.SUCCEEDED, result=result or {})
    return True


def run_due(*, now: datetime) -> int:
    """The sweep of the minute: begin what nobody works on; how many."""
    ids = list(Job.objects.due(now).order_by("created_at", "pk").values_list("pk", flat=True)[:100])
    return sum(run_job(pk) for pk in ids)


@transaction.atomic(durable=True)
def _claim(job_id: UUID, now: datetime) -> Job | None:
    due = Job.objects.due(now).filter(pk=job_id).select_related("created_by")
    job = due.select_for_update(of=("self",), skip_locked=True).first()
    if job is None:
        return None
    if job.attempts >= _MOST_ATTEMPTS:
        job.state, job.finished_at, job.lease, job.leased_until = Job.State.FAILED, now, None, None
        job.error = gettext_noop("Its worker died several times.")
        job.save()
        _tell(job, now)
        return None
    job.state, job.lease, job.leased_until = Job.State.RUNNING, uuid4(), now + LEASE
    job.started_at, job.attempts = job.started_at or now, job.attempts + 1
    job.save()
    return job


@transaction.atomic(durable=True)
def _finish(job: Job, lease: UUID, state: str, *, result: Any = None, error: str = "") -> None:
    now = timezone.now()
    mine = Job.objects.filter(pk=job.pk, lease=lease).select_for_update(no_key=True).first()
    if mine is None:
        log.warning("the job was taken over", job=str(job.pk), kind=job.kind)
        return
    mine.state, mine.result, mine.error = state, result, error[:500]
    mine.finished_at, mine.lease, mine.leased_until = now, None, None
    if state == Job.State.SUCCEEDED and mine.total is not None:
        mine.done = mine.total
    mine.save()
    _tell(mine, now)


_TITLES = {
    Job.State.SUCCEEDED: (gettext_noop("Finished: %(job)s"), "success"),
    Job.State.FAILED: (gettext_noop("Failed: %(job)s"), "danger"),
}


def _tell(job: Job, now: datetime) -> None:
    """Whoever has looked on for a few seconds needs no message; the end of what took longer is told."""
    told = _TITLES.get(Job.State(job.state))
    is_quick = job.started_at is not None and now - job.started_at < _QUICK
    if job.created_by_id is None or told is None or (is_quick and job.state == Job.State.SUCCEEDED):
        return
    title, variant = told
    label = kind_of(job.kind).label
    notify(
        user_ids=[job.created_by_id],
        kind="job_finished",
        title=title,
        body="%(error)s" if job.error else "",
        parameters={"job": label, "error": job.error},
        variant=variant,
        link=f"/jobs/{job.pk}",
        once=f"job:{job.pk}",
        now=now,
    )
