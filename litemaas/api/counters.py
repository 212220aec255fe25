"""The cache that rate limits are counted in: one round trip per request instead of django-ratelimit's two.

django-ratelimit asks a cache to `add` a counter and, where there is one already, to `incr` it. This one counts with the
first question and answers the second from memory.
"""

from typing import Any

from django.core.cache.backends.redis import RedisCache


class CountingCache(RedisCache):
    """Django has one of these per thread, so what was counted last belongs to the caller."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._last: tuple[str, int] = ("", 0)
        self._client: Any = None

    def add(self, key: str, value: Any, timeout: Any = 60, version: int | None = None) -> bool:
        if value != 1:
            return bool(super().add(key, value, timeout, version))
        if self._client is None:
            self._client = self._cache.get_client(None, write=True)
        name = self.make_key(key, version=version)
        # Two plain commands cost half of a script that does both. Who dies in between leaves a counter without an end;
        # its name holds the window, so nobody counts on it again.
        count = int(self._client.incr(name))
        if count == 1:
            self._client.expire(name, int(timeout))
        self._last = (key, count)
        return count == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        last, count = self._last
        self._last = ("", 0)
        return count if last == key and delta == 1 else int(super().incr(key, delta, version))
