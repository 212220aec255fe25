"""Whether the parts that the portal stands on answer."""

import time
from collections.abc import Callable

import structlog
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from litellm_sync.client import gateway

log = structlog.get_logger(__name__)

_GATEWAY_ANSWER_LASTS = 5.0


def is_database_up() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("the database does not answer", error=type(error).__name__)
        connection.close()
        return False
    return True


def is_cache_up() -> bool:
    try:
        cache.get("health")
    except RedisError as error:
        log.warning("the cache does not answer", error=type(error).__name__)
        return False
    return True


class _Lasting:
    """An answer that is good for a while, so that anonymous questions can't be turned into load elsewhere."""

    def __init__(self, ask: Callable[[], bool], seconds: Callable[[bool], float]) -> None:
        self._ask, self._seconds = ask, seconds
        self._answer, self._until = False, 0.0

    def __call__(self) -> bool:
        if time.monotonic() >= self._until:
            self._answer = self._ask()
            self._until = time.monotonic() + self._seconds(self._answer)
        return self._answer

    def forget(self) -> None:
        """Have the next question asked anew."""
        self._until = 0.0


def _is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


# Tables do not lose their migrations while a process runs.
is_migrated = _Lasting(_is_migrated, lambda answer: float("inf") if answer else 1.0)
is_gateway_up = _Lasting(lambda: gateway().is_alive(deadline=2.0), lambda _answer: _GATEWAY_ANSWER_LASTS)


def does_gateway_answer() -> bool | None:
    """By what the last calls of all our processes met, without a call of its own."""
    return not gateway().breaker.is_open
