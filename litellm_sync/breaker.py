"""The circuit breaker in front of the gateway. All our processes share its state through Redis.

pybreaker decides when the circuit opens and closes. Two things it does not do are added here: it runs the
guarded call under a lock, which would let one hanging call hold up every thread of a process, so only
*outcomes* are given to it; and when the circuit may be tried again, every process would try at once, so one
of them takes a short lease on being the probe.
"""

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pybreaker
from django.utils.translation import gettext as _
from redis import Redis

from litellm_sync.breaker_storage import BreakerStorage
from litellm_sync.errors import GatewayRefused, GatewayResting, GatewayUnavailable
from litellm_sync.failed_calls import FailedCall

FAILURES_TO_OPEN = 5
SECONDS_OPEN = 10.0
# Longer than any probe can take, so that a lease outlives its call; short enough that a killed probe is soon
# replaced.
PROBE_LEASE = 15.0
# After a success the circuit is believed to be closed for so long: asking Redis several times for each call costs more
# than the call. A failure of this process ends it at once, other processes' failures are heard of that much later.
QUIET = 0.25


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to call the gateway. A probe makes one attempt only."""

    is_probe: bool


class GatewayBreaker:
    """Opens after five failures in a row, lets one probe through after ten seconds, closes when that
    succeeds.

    A failure is a GatewayUnavailable, unless a 4xx (429) says that the gateway is alive.
    """

    def __init__(
        self,
        storage: BreakerStorage | None = None,
        *,
        failures_to_open: int = FAILURES_TO_OPEN,
        seconds_open: float = SECONDS_OPEN,
    ) -> None:
        self._storage = storage or BreakerStorage("gateway")
        self._seconds_open = seconds_open
        self._quiet_until = 0.0
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures_to_open,
            reset_timeout=seconds_open,
            state_storage=self._storage,
            throw_new_error_on_trip=False,
            name="gateway",
        )

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at present."""
        return bool(self._storage.state != pybreaker.STATE_CLOSED)

    @property
    def is_resting(self) -> bool:
        """Whether it opened so recently that not even a probe is let through."""
        return self.is_open and self._is_resting()

    @property
    def away_since(self) -> datetime | None:
        """Since when calls fail; None while the circuit is closed."""
        return self._storage.away_since if self.is_open else None

    @property
    def failed_calls(self) -> list[FailedCall]:
        """The last ones of the last day, the newest first."""
        return self._storage.failed_calls

    def remember(self, failed: FailedCall) -> None:
        self._storage.remember(failed)

    @contextmanager
    def guard(self) -> Iterator[Admission]:
        """Around one call. Raises GatewayResting at once while the circuit is open."""
        lease = self._admit()
        try:
            yield Admission(is_probe=lease is not None)
        except GatewayUnavailable as error:
            self._report(None if _is_alive(error) else error)
            raise
        except GatewayRefused:
            self._report(None)
            raise
        else:
            self._report(None)
        finally:
            if lease is not None:
                self._storage.release_probe(lease)

    def _admit(self) -> str | None:
        """None to call freely, a lease to probe. Raises GatewayResting."""
        if self._is_quiet() or not self.is_open:
            return None
        lease = secrets.token_hex(8)
        if self._is_resting() or not self._storage.take_probe(lease, PROBE_LEASE):
            raise GatewayResting(_("the circuit breaker is open"))
        return lease

    def _is_resting(self) -> bool:
        opened_at = self._storage.opened_at
        return opened_at is not None and datetime.now(UTC) < opened_at + timedelta(seconds=self._seconds_open)

    def _is_quiet(self) -> bool:
        return time.monotonic() < self._quiet_until

    def _report(self, failure: GatewayUnavailable | None) -> None:
        """Tell pybreaker how a call ended.

        It refuses to hear of a call that began before the circuit opened and ended after: such news is old,
        and is dropped.
        """
        if failure is None and self._is_quiet():
            return
        self._quiet_until = 0.0
        try:
            self._breaker.call(_repeat, failure)
        except (GatewayUnavailable, pybreaker.CircuitBreakerError):
            return
        self._quiet_until = time.monotonic() + QUIET


def shared_breaker(base_url: str, redis_url: str) -> GatewayBreaker:
    """The breaker of the gateway at `base_url`, shared through the Redis at `redis_url`;

    alone while Redis is away.
    """
    client = Redis.from_url(redis_url, socket_connect_timeout=0.25, socket_timeout=0.25)
    name = hashlib.sha256(base_url.encode()).hexdigest()[:16]
    return GatewayBreaker(BreakerStorage(name, client))


def _is_alive(error: GatewayUnavailable) -> bool:
    return error.status is not None and 400 <= error.status < 500


def _repeat(failure: GatewayUnavailable | None) -> None:
    if failure is not None:
        raise failure
