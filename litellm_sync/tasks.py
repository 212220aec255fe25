"""Celery entry points of the outbox and the reconciler."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from litellm_sync import findings, hurrying, outbox, polling, reconciler
from litellm_sync.models import SyncRun
from litemaas.locks import advisory_lock

# A second beat, or a restart, must not compare everything twice.
_OFTEN_ENOUGH = timedelta(minutes=10)


@shared_task
def apply_object(kind: str, object_id: str) -> bool:
    """Hurry: apply one object now, if it is still due and nobody works on it."""
    return outbox.apply_now(kind, UUID(object_id))


@shared_task
def sweep() -> int:
    """Each minute: apply whatever is due, also what a lost hurry-up or a killed worker left behind.

    `OUTBOX_SWEEPS` at a time, each in a process of its own and by `OUTBOX_THREADS` threads: that bounds what the gateway
    has to take, and leaves workers free for what somebody waits for. In front of a long queue each asks for the next.
    """
    hurrying.sweep_begins()
    with _one_of(settings.OUTBOX_SWEEPS) as place:
        if place is None:
            return 0
        if place + 1 < settings.OUTBOX_SWEEPS and outbox.is_long(now=timezone.now()):
            hurrying.hurry_sweep()
        confirmed = outbox.drain(threads=settings.OUTBOX_THREADS)
        findings.close_repaired()
        return confirmed


@contextmanager
def _one_of(places: int) -> Iterator[int | None]:
    """The first free one of these places, None when all are taken."""
    for place in range(places):
        with advisory_lock(f"outbox sweep {place}" if place else "outbox sweep") as is_mine:
            if is_mine:
                yield place
                return
    yield None


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
