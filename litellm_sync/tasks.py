"""Celery entry points of the outbox and the reconciler."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from litellm_sync import findings, hurrying, outbox, polling, reconciler
from litellm_sync.locks import advisory_lock
from litellm_sync.models import SyncRun

# A second beat, or a restart, must not compare everything twice.
_OFTEN_ENOUGH = timedelta(minutes=10)


@shared_task
def apply_object(kind: str, object_id: str) -> bool:
    """Hurry: apply one object now, if it is still due and nobody works on it."""
    return outbox.apply_now(kind, UUID(object_id))


@shared_task
def sweep() -> int:
    """Each minute: apply whatever is due, also what a lost hurry-up or a killed worker left behind.

    One sweep at a time, by several threads: that bounds what the gateway has to take, and leaves workers free for what
    somebody waits for.
    """
    hurrying.sweep_begins()
    with advisory_lock("outbox sweep") as is_mine:
        if not is_mine:
            return 0
        confirmed = outbox.drain(threads=settings.OUTBOX_THREADS)
        findings.close_repaired()
        return confirmed


@shared_task
def reconcile_gateway() -> bool:
    """Each hour: compare everything, and repair what is ours. False when that has just been done, or is being done."""
    recently = SyncRun.objects.filter(is_dry_run=False, started_at__gt=timezone.now() - _OFTEN_ENOUGH)
    if recently.exclude(state=SyncRun.State.FAILED).exists():
        return False
    try:
        reconciler.reconcile()
    except reconciler.SyncRunning:
        return False
    return True


@shared_task
def poll_spend() -> int:
    """Every few minutes: what users, teams, members and keys have spent."""
    return polling.poll_spend()


@shared_task
def forget_old_findings() -> int:
    return findings.forget_old(now=timezone.now())
