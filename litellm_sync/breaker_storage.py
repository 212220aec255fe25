"""Where the circuit breaker's state lives: in Redis, with this process's own copy for when Redis is away."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pybreaker
from redis import Redis, RedisError

from litellm_sync.failed_calls import MOST, FailedCall

# After Redis failed, do without it this long: each try costs its time-out.
SECONDS_WITHOUT_REDIS = 5.0
# A state that nobody has touched for a day says nothing about now.
STATE_LASTS = 86_400

logger = logging.getLogger("litellm_sync.breaker")
T = TypeVar("T")

# Deletes the lease only when it is still ours.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class BreakerStorage(pybreaker.CircuitBreakerStorage):
    """pybreaker's storage, and the lease for probing. No method raises when Redis fails."""

    def __init__(self, name: str, redis: "Redis | None" = None) -> None:
        super().__init__(name)
        self._redis = redis
        self._redis_again_at = 0.0
        self._own = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._own_probe: tuple[str, float] | None = None
        self._own_away_since: datetime | None = None
        self._own_failed: deque[FailedCall] = deque(maxlen=MOST)
        self._lock = threading.Lock()

    @property
    def state(self) -> str:
        state = self._text("state") or str(self._own.state)
        self._own.state = state
        return state

    @state.setter
    def state(self, state: str) -> None:
        self._own.state = state
        self._write("state", state)
        if state == pybreaker.STATE_OPEN:
            self._went_away(datetime.now(UTC))
        elif state == pybreaker.STATE_CLOSED:
            self._own_away_since = None
            self._ask(lambda redis: redis.delete(self._key("away_since")), None)

    @property
    def away_since(self) -> datetime | None:
        """When the circuit opened that has not closed since, however often it was tried in between."""
        stored = self._text("away_since")
        return datetime.fromtimestamp(float(stored), UTC) if stored else self._own_away_since

    def _went_away(self, now: datetime) -> None:
        self._own_away_since = self._own_away_since or now
        self._ask(
            lambda redis: redis.set(self._key("away_since"), str(now.timestamp()), nx=True, ex=STATE_LASTS),
            None,
        )

    @property
    def counter(self) -> int:
        return int(self._text("failures") or self._own.counter)

    def increment_counter(self) -> None:
        self._own.increment_counter()
        self._increment("failures")

    def reset_counter(self) -> None:
        self._own.reset_counter()
        self._write("failures", "0")

    @property
    def success_counter(self) -> int:
        return int(self._text("successes") or self._own.success_counter)

    def increment_success_counter(self) -> None:
        self._own.increment_success_counter()
        self._increment("successes")

    def reset_success_counter(self) -> None:
        self._own.reset_success_counter()
        self._write("successes", "0")

    @property
    def opened_at(self) -> datetime | None:
        stored = self._text("opened_at")
        if stored:
            return datetime.fromtimestamp(float(stored), UTC)
        return self._own.opened_at

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        self._own.opened_at = moment
        self._write("opened_at", str(moment.timestamp()))

    def remember(self, failed: FailedCall) -> None:
        self._own_failed.appendleft(failed)

        def push(redis: "Redis") -> None:
            with redis.pipeline(transaction=False) as pipe:
                pipe.lpush(self._key("failed"), failed.to_text())
                pipe.ltrim(self._key("failed"), 0, MOST - 1)
                pipe.expire(self._key("failed"), STATE_LASTS)
                pipe.execute()

        self._ask(push, None)

    @property
    def failed_calls(self) -> list[FailedCall]:
        """Of all processes, the newest first; of this one alone while Redis is away."""
        stored = self._ask(lambda redis: redis.lrange(self._key("failed"), 0, MOST - 1), None)
        return list(self._own_failed) if stored is None else [call for text in stored for call in _read(text)]

    def take_probe(self, lease: str, seconds: float) -> bool:
        """Whether the caller is now the only one to probe, for at most `seconds`."""
        taken = self._ask(
            lambda redis: redis.set(self._key("probe"), lease, nx=True, px=int(seconds * 1000)), _AWAY
        )
        return self._take_own_probe(lease, seconds) if taken is _AWAY else bool(taken)

    def release_probe(self, lease: str) -> None:
        with self._lock:
            if self._own_probe and self._own_probe[0] == lease:
                self._own_probe = None
        self._ask(lambda redis: redis.eval(_RELEASE, 1, self._key("probe"), lease), None)

    def _take_own_probe(self, lease: str, seconds: float) -> bool:
        with self._lock:
            if self._own_probe and time.monotonic() < self._own_probe[1]:
                return False
            self._own_probe = (lease, time.monotonic() + seconds)
            return True

    def _text(self, field: str) -> str | None:
        value = self._ask(lambda redis: redis.get(self._key(field)), None)
        return value.decode() if isinstance(value, bytes) else None

    def _write(self, field: str, value: str) -> None:
        self._ask(lambda redis: redis.set(self._key(field), value, ex=STATE_LASTS), None)

    def _increment(self, field: str) -> None:
        self._ask(lambda redis: redis.incr(self._key(field)), None)

    def _key(self, field: str) -> str:
        return f"litemaas:breaker:{self.name}:{field}"

    def _ask(self, act: Callable[["Redis"], Any], otherwise: T) -> Any | T:
        """What Redis says, `otherwise` while it is away."""
        if self._redis is None or time.monotonic() < self._redis_again_at:
            return otherwise
        try:
            return act(self._redis)
        except RedisError as error:
            self._redis_again_at = time.monotonic() + SECONDS_WITHOUT_REDIS
            logger.warning("the breaker goes on without Redis: %s", type(error).__name__)
            return otherwise


def _read(text: bytes) -> list[FailedCall]:
    try:
        return [FailedCall.of_text(text.decode())]
    except (ValueError, TypeError, KeyError):
        return []


_AWAY = object()
