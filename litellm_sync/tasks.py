"""Celery entry points of the outbox."""

from uuid import UUID

from celery import shared_task

from litellm_sync import outbox


@shared_task
def apply_object(kind: str, object_id: str) -> bool:
    """Hurry: apply one object now, if it is still due and nobody works on it."""
    return outbox.apply_now(kind, UUID(object_id))


@shared_task
def sweep() -> int:
    """Each minute: apply whatever is due, also what a lost hurry-up or a killed worker left behind."""
    return outbox.drain()
