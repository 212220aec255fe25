"""The cache that rate limits are counted in: one round trip per request instead of django-ratelimit's two.

django-ratelimit asks a cache to `add` a counter and, where there is one already, to `incr` it. This one counts with the
first question and answers the second from memory.
"""

from typing import Any

from django.core.cache.backends.redis import RedisCache

# Atomic, so that no counter is left without an end.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


class CountingCache(RedisCache):
    """Django has one of these per thread, so what was counted last belongs to the caller."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._last: tuple[str, int] = ("", 0)
        self._script: Any = None

    def add(self, key: str, value: Any, timeout: Any = 60, version: int | None = None) -> bool:
        if value != 1:
            return bool(super().add(key, value, timeout, version))
        if self._script is None:
            self._script = self._cache.get_client(None, write=True).register_script(_COUNT)
        count = int(
            self._script(keys=[self.make_and_validate_key(key, version=version)], args=[int(timeout)])
        )
        self._last = (key, count)
        return count == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        last, count = self._last
        self._last = ("", 0)
        return count if last == key and delta == 1 else int(super().incr(key, delta, version))
