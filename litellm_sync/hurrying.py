"""Asking the workers not to wait for the next sweep. Nothing depends on it: what is lost here the sweep finds."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog
from django.core.cache import cache
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_ASKED = "outbox:sweep-asked-for"
_AWAY = (KombuError, RedisError, OSError)


def hurry(kind: str, object_ids: Iterable[UUID], *, after: timedelta | None = None) -> None:
    """Ask the workers to apply these now, or `after` a while."""
    from litellm_sync.tasks import apply_object

    countdown = after.total_seconds() if after else 0.0
    try:
        for object_id in object_ids:
            apply_object.apply_async((kind, str(object_id)), countdown=countdown)
    except _AWAY as error:
        log.warning("the broker is away, the sweep will do it", error=type(error).__name__)


def hurry_sweep(*, after: timedelta = timedelta()) -> None:
    """Ask for a sweep before the next regular one. Asking again before it begins asks once."""
    from litellm_sync.tasks import sweep

    countdown = after.total_seconds()
    try:
        if cache.add(_ASKED, True, timeout=round(countdown) + 60):
            sweep.apply_async(countdown=countdown, expires=countdown + 60)
    except _AWAY as error:
        log.warning("the broker is away, the regular sweep will do it", error=type(error).__name__)


def sweep_begins() -> None:
    """From now on a sweep may be asked for again: this one may be past what comes in next."""
    try:
        cache.delete(_ASKED)
    except _AWAY as error:
        log.warning("the cache is away", error=type(error).__name__)
