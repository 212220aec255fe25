"""The cache that rate limits are counted in: one round trip per request instead of django-ratelimit's two.

django-ratelimit asks a cache to `add` a counter and, where there is one already, to `incr` it. This one counts with the
first question and answers the second from memory.
"""

from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as ConnectionLost


class CountingCache(RedisCache):
    """Django has one of these per thread, so what was counted last belongs to the caller, and so does a connection.

    Its own connection, because taking one from the pool, with the client's retries and measurements around it, costs
    more than the command.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._last: tuple[str, int] = ("", 0)
        self._connection: Any = None

    def add(self, key: str, value: Any, timeout: Any = 60, version: int | None = None) -> bool:
        if value != 1:
            return bool(super().add(key, value, timeout, version))
        name = self.make_key(key, version=version)
        # Two plain commands cost half of a script that does both. Who dies in between leaves a counter without an end;
        # its name holds the window, so nobody counts on it again.
        count = int(self._ask("INCR", name))
        if count == 1:
            self._ask("EXPIRE", name, int(timeout))
        self._last = (key, count)
        return count == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        last, count = self._last
        self._last = ("", 0)
        return count if last == key and delta == 1 else int(super().incr(key, delta, version))

    def _ask(self, *command: Any) -> Any:
        """The answer, on a second connection where the server ended the first one since it was used last."""
        if self._connection is None:
            self._connection = self._cache.get_client(None, write=True).connection_pool.make_connection()
        was_open = self._connection.is_connected
        try:
            return self._exchange(command)
        except ConnectionLost:
            if not was_open:
                raise
        return self._exchange(command)

    def _exchange(self, command: tuple[Any, ...]) -> Any:
        try:
            self._connection.send_command(*command)
            return self._connection.read_response()
        except BaseException:
            # Whatever was on its way must not be read as the answer to the next command.
            self._connection.disconnect()
            raise
