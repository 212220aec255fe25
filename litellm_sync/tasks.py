"""Celery entry points of the outbox and the reconciler."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from litellm_sync import outbox
from litellm_sync.locks import advisory_lock


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
    with advisory_lock("outbox sweep") as is_mine:
        return outbox.drain(threads=settings.OUTBOX_THREADS) if is_mine else 0
