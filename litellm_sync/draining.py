"""Applying all that is due, by several threads at once."""

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import connection
from django.utils import timezone

from litellm_sync.client import GatewayClient, gateway
from litellm_sync.delivery import BATCH_LASTS, BREAKER_RESTS, attempt, claim_batch, confirm, give_back
from litellm_sync.hurrying import hurry_sweep
from litellm_sync.models import Claim
from litellm_sync.registry import Act, prepare

log = structlog.get_logger(__name__)

# Below Celery's time limit for a task; the next sweep goes on.
LONGEST_DRAIN = timedelta(minutes=30)
# What the gateway took is recorded at least so often, and at once where somebody waits for it.
_RECORDED_EVERY = 0.25


class _Drain:
    """What the threads of one drain share."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client
        self.ends_at = timezone.now() + LONGEST_DRAIN
        self.stopping = threading.Event()

    def run(self) -> int:
        """Apply until nothing is due; the number of confirmed objects."""
        confirmed = 0
        try:
            while not self.is_over() and (works := claim_batch(now=timezone.now())):
                confirmed += _Batch(works, self).run()
        except BaseException:
            self.stopping.set()
            raise
        return confirmed

    def is_over(self) -> bool:
        return self.stopping.is_set() or timezone.now() > self.ends_at

    def look_at_breaker(self) -> None:
        """While the gateway rests, going on would only touch every row for nothing."""
        if self.client.breaker.is_open:
            self.stopping.set()

    def run_in_thread(self) -> int:
        try:
            return self.run()
        finally:
            connection.close()


class _Batch:
    """Some claimed objects of one kind, whose wishes are read together and applied one after the other."""

    def __init__(self, works: list[Claim], shared: _Drain) -> None:
        self._waiting = deque(works)
        self._taken: list[Claim] = []
        self._confirmed = 0
        self._shared = shared
        self._ends_at = time.monotonic() + BATCH_LASTS.total_seconds()
        self._recorded_at = time.monotonic()

    def run(self) -> int:
        """The number of confirmed objects. Ones that would begin too late, or after the gateway has gone, are given
        back."""
        try:
            acts = _prepared(list(self._waiting))
            self._apply(acts)
        except Exception:
            self._leave()
            raise
        self._leave()
        return self._confirmed

    def _apply(self, acts: dict[Claim, Act]) -> None:
        while self._waiting:
            work = self._waiting.popleft()
            if attempt(work, acts.get(work), client=self._shared.client):
                self._taken.append(work)
                if work.is_fresh or time.monotonic() > self._recorded_at + _RECORDED_EVERY:
                    self._record()
            else:
                self._shared.look_at_breaker()
            if self._shared.stopping.is_set() or time.monotonic() > self._ends_at:
                return

    def _record(self) -> None:
        confirm(self._taken)
        self._confirmed += len(self._taken)
        self._taken.clear()
        self._recorded_at = time.monotonic()

    def _leave(self) -> None:
        self._record()
        give_back(self._waiting)


def _prepared(works: list[Claim]) -> dict[Claim, Act]:
    """What to do for each. Where one of them can't even be read, each is read by itself, so that it stops no other."""
    try:
        acts = prepare(works[0].kind, [work.object_id for work in works])
    except Exception as error:  # noqa: BLE001 - whatever it is, each of them is tried and told about by itself
        log.warning("a batch is read one by one", kind=works[0].kind, error=type(error).__name__)
        return {}
    return {work: acts.get(work.object_id, _nothing) for work in works}


def _nothing(_client: GatewayClient) -> None:
    """The object is gone, and nothing of it was ever there."""


def drain(*, client: GatewayClient | None = None, threads: int = 1) -> int:
    """Apply all that is due; the number of confirmed objects. What fails waits for its next turn.

    `threads` work at the same time, each with a database connection of its own; with one it is the caller's thread and
    connection.
    """
    shared = _Drain(client or gateway())
    if shared.client.breaker.is_resting:
        # Asking would put every object off for nothing; it is asked again as soon as that makes sense.
        hurry_sweep(after=BREAKER_RESTS)
        return 0
    if threads == 1:
        return shared.run()
    with ThreadPoolExecutor(threads, thread_name_prefix="outbox") as pool:
        works = [pool.submit(shared.run_in_thread) for _ in range(threads)]
    return sum(work.result() for work in works)
