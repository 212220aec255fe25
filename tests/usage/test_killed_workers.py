"""A worker is killed at every step of booking: nothing is lost, nothing is counted twice, nobody is blocked."""

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Sum

from tests.usage.test_push_usage import event
from usage import ledger, spool
from usage.ledger import write_rows
from usage.models import (
    TotalDay,
    TotalQuarter,
    UsageBatch,
    UsageDay,
    UsageLog,
    UsageQuarter,
    UserDay,
    VisitorDay,
)

BATCHES, SIZE = 3, 20


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do the work in a process of its own that kills itself at this step; whether it came so far."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            # A browser's test leaves its event loop in the main thread, and the child must not wait by it.
            done = threading.Thread(target=lambda: (_count_steps(point), work()))
            done.start()
            done.join()
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _count_steps(point: int) -> None:
    """Steps are statements, both sides of a commit, and every tenth line that is copied."""
    steps = iter(range(point))

    def step() -> None:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute, *rest):
        step()
        return execute(*rest)

    line, lines, commit = ledger._line, iter(range(10**9)), BaseDatabaseWrapper._commit

    def copied(found, number):
        if next(lines) % 10 == 5:
            step()
        return line(found, number)

    def committed(self):
        step()
        done = commit(self)
        step()
        return done

    ledger._line, BaseDatabaseWrapper._commit = copied, committed
    connection.execute_wrappers.append(statement)


def counted() -> set[int]:
    """How many calls every account of them holds; one number, if they agree."""
    tables = (UsageQuarter, UsageDay, TotalQuarter, TotalDay, UserDay)
    return {UsageLog.objects.count(), *(t.objects.aggregate(n=Sum("requests"))["n"] or 0 for t in tables)}


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_any_step_loses_nothing_and_counts_nothing_twice(make_key):
    make_key("hash-of-nobody")
    now = datetime.now(UTC)
    for first in range(0, BATCHES * SIZE, SIZE):
        spool.keep_events(json.dumps([event(n) for n in range(first, first + SIZE)]).encode(), now=now)

    def work() -> None:
        for _ in range(BATCHES):
            spool._book_some(now)

    point = 0
    while killed_at(point, work):
        (booked,) = counted()
        # A batch goes with the commit that books it.
        assert booked + UsageBatch.objects.count() * SIZE == BATCHES * SIZE
        point += 1
    assert point > 30
    assert counted() == {BATCHES * SIZE}
    assert VisitorDay.objects.filter(dimension="").count() == 1
    assert not UsageBatch.objects.exists()
    assert write_rows([event(n) for n in range(BATCHES * SIZE)], now=now).known == BATCHES * SIZE
