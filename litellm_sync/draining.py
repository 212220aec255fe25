"""Applying all that is due, by several threads at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from litellm_sync.client import GatewayClient, gateway
from litellm_sync.delivery import apply, claim

# Below Celery's time limit for a task; the next sweep goes on.
LONGEST_DRAIN = timedelta(minutes=30)


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
            # One at a time: a lease is as long as the time-outs of one application. What fails is due later than now.
            while not self.is_over() and (works := claim(now=timezone.now())):
                confirmed += apply(works[0], client=self.client)
                self.look_at_breaker()
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


def drain(*, client: GatewayClient | None = None, threads: int = 1) -> int:
    """Apply all that is due; the number of confirmed objects. What fails waits for its next turn.

    `threads` work at the same time, each with a database connection of its own; with one it is the caller's thread and
    connection.
    """
    shared = _Drain(client or gateway())
    if threads == 1:
        return shared.run()
    with ThreadPoolExecutor(threads, thread_name_prefix="outbox") as pool:
        works = [pool.submit(shared.run_in_thread) for _ in range(threads)]
    return sum(work.result() for work in works)
