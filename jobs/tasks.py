"""Celery entry points of jobs."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from jobs import running, services


# Longer than other tasks may: a backup of a large ledger takes its time, and the lease tells dead workers from slow ones.
@shared_task(time_limit=12 * 3600)
def run_job(job_id: str) -> bool:
    return running.run_job(UUID(job_id))


@shared_task
def sweep_jobs() -> int:
    """Each minute: begin what a lost message or a dead worker left behind."""
    return running.run_due(now=timezone.now())


@shared_task
def forget_old_jobs() -> int:
    return services.forget_old(now=timezone.now())
