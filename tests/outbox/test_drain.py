"""Several threads, several workers."""

import threading
from collections import Counter
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from litellm_sync import hurrying, outbox
from litellm_sync.models import GatewayObject
from litellm_sync.tasks import sweep
from litemaas.locks import advisory_lock
from tests.concurrency import in_parallel
from tests.outbox.conftest import KIND

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def many():
    ids = [uuid4() for _ in range(40)]
    with transaction.atomic():
        outbox.mark_dirty(KIND, ids, now=timezone.now())
    return ids


def test_threads_share_the_work_and_double_nothing(destination, gateway, many):
    meeting = threading.Barrier(4, timeout=10)
    first = threading.local()

    def meet(_object_id):
        if not getattr(first, "done", False):
            first.done = True
            meeting.wait()

    destination.answer = meet
    assert outbox.drain(threads=4) == len(many)
    assert Counter(destination.arrived) == Counter(many)
    assert not GatewayObject.objects.dirty().exists()


def test_drains_of_two_workers_double_nothing(destination, gateway, many):
    counts = in_parallel(2, lambda: outbox.drain(threads=2))
    assert sum(counts) == len(many)
    assert Counter(destination.arrived) == Counter(many)


def test_there_is_one_sweep_at_a_time(destination, gateway, many):
    held, tried = threading.Event(), threading.Event()

    def hold():
        from django.db import connection

        with advisory_lock("outbox sweep"):
            held.set()
            tried.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    assert sweep() == 0
    tried.set()
    holder.join()
    assert sweep() == len(many)


def test_more_sweeps_run_where_the_operator_allows_it(destination, gateway, many, settings, monkeypatch):
    settings.OUTBOX_SWEEPS, asked = 2, []
    monkeypatch.setattr(outbox, "_LONG", 10)
    monkeypatch.setattr(hurrying, "hurry_sweep", lambda **_parts: asked.append(True))
    assert sum(in_parallel(3, sweep)) == len(many)
    assert Counter(destination.arrived) == Counter(many)
    # The first asks for the second, and that one for no third.
    assert len(asked) <= 2


def test_a_bug_in_one_thread_ends_the_others_and_is_raised(destination, gateway, many):
    def stumble(_object_id):
        raise ZeroDivisionError

    destination.answer = stumble
    with pytest.raises(ZeroDivisionError):
        outbox.drain(threads=4)
    assert GatewayObject.objects.filter(leased_until__isnull=False).count() == 0
    assert GatewayObject.objects.dirty().count() == len(many)
