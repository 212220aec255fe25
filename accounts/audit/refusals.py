"""Refused acts in the record: one row per person, address and right in a minute, however often they try."""

import structlog
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.audit.recording import record
from accounts.models import User
from litemaas import dry_run
from litemaas.errors import Forbidden

log = structlog.get_logger(__name__)
_ONCE_SECONDS = 60


def record_refusal(request: HttpRequest | Request, error: Forbidden) -> None:
    """For `litemaas.refusals.refused`. What the record can't take must not turn a refusal into a fault."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or dry_run.is_rehearsing() or connection.needs_rollback:
        return
    needed = str(error.data.get("requiredPermission") or "")
    if not _is_first(f"refused:{user.pk}:{request.method}:{request.path}:{needed}"):
        return
    try:
        with transaction.atomic():
            record(
                "ACCESS_DENIED",
                actor=user,
                resource=("SECURITY", request.path),
                metadata={"method": request.method, "requiredPermission": needed or None, "code": error.code},
                error=error.message,
            )
    except DatabaseError as failure:
        log.warning("a refusal was not recorded", error=type(failure).__name__)


def _is_first(key: str) -> bool:
    """Without Valkey each one is."""
    try:
        return bool(cache.add(key, 1, _ONCE_SECONDS))
    except RedisError:
        return True
