"""The gateway's process stops (SIGSTOP) while people work: connections are accepted and nothing is answered.

`CHAOS_FREEZE` says for how many seconds (4). `make bench-freeze` does the same with the portal's own processes, 200
people and two minutes.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from statistics import median, quantiles

import pytest
from django.db import connection

from accounts.models import SYSTEM
from catalog.models import Model
from catalog.sync import sync_models
from litellm_sync import outbox
from litellm_sync.client import forget_gateway, gateway
from litellm_sync.models import GatewayObject
from litellm_sync.reconciler import reconcile
from litemaas.stack.ports import free_port
from subscriptions.models import Subscription
from tests.api.conftest import ApiClient
from tests.factories import SubscriptionFactory, UserFactory

SECONDS = float(os.environ.get("CHAOS_FREEZE", "4"))
PEOPLE = 200 if SECONDS >= 60 else 12
AT_ONCE = 8
KEY = "sk-frozen-gateway"


@pytest.fixture
def frozen(transactional_db, settings):
    """A gateway in a process of its own, to be stopped and continued."""
    port = free_port()
    command = [sys.executable, "-m", "litellm_sync.simulated", "--port", str(port), "--master-key", KEY]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = f"http://127.0.0.1:{port}", KEY
    settings.RATE_LIMITS = {}
    forget_gateway()
    deadline = time.monotonic() + 30
    while not gateway().is_alive(deadline=1.0):
        assert time.monotonic() < deadline, "the simulated gateway did not start"
    yield process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait()
    forget_gateway()


class Times:
    def __init__(self) -> None:
        self.reads: list[float] = []
        self.writes: list[float] = []
        self.wrong: list[str] = []


def work(person, times, ends_at):
    """Look at the own keys, make one, look at the own subscriptions, again and again."""
    api = ApiClient(person)
    model = Subscription.objects.filter(user=person).values_list("model_id", flat=True)[0]
    made = 0
    while time.monotonic() < ends_at:
        timed(times.reads, times, lambda: api.get("api-keys"), 200)
        if made < 3:
            made += 1
            body = {"name": f"key {made}", "modelIds": [model]}
            answer = timed(times.writes, times, lambda: api.post("api-keys", body), 201)  # noqa: B023
            if answer.status_code == 201 and answer.json()["syncStatus"] != "pending":
                times.wrong.append(f"a frozen gateway confirmed a key: {answer.json()['syncStatus']}")
        timed(times.reads, times, lambda: api.get("subscriptions"), 200)


def timed(durations, times, act, status):
    began = time.monotonic()
    answer = act()
    durations.append(time.monotonic() - began)
    if answer.status_code != status:
        times.wrong.append(f"{answer.status_code}: {answer.content[:200]}")
    return answer


def test_people_work_on_while_the_gateway_is_frozen_and_all_arrives_afterwards(frozen, record_property):
    sync_models(actor=SYSTEM, trigger="schedule", confirm=True)
    people = UserFactory.create_batch(PEOPLE)
    model = Model.objects.order_by("pk").first()
    for person in people:
        SubscriptionFactory(user=person, model=model)
    # What a process does once: routes, serializers, the first connection.
    assert ApiClient(people[0]).get("api-keys").status_code == 200
    os.kill(frozen.pid, signal.SIGSTOP)
    times = Times()
    ends_at = time.monotonic() + SECONDS
    queue = list(people)

    def worker():
        share = SECONDS / max(1, PEOPLE // AT_ONCE)
        while queue and time.monotonic() < ends_at:
            work(queue.pop(), times, min(ends_at, time.monotonic() + share))
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not times.wrong, times.wrong[:5]
    waiting = GatewayObject.objects.dirty().count()
    assert waiting >= len(times.writes)

    os.kill(frozen.pid, signal.SIGCONT)
    thawed = time.monotonic()
    # The sweep that was asked for when the breaker opened, and the regular ones after it.
    while GatewayObject.objects.dirty().exists() and time.monotonic() < thawed + 90:
        outbox.drain(threads=8)
        time.sleep(0.2)
    took = time.monotonic() - thawed
    run = reconcile()
    assert all((r["missing"], r["different"]) == (0, 0) for r in run.results.values())
    record_property(
        "told",
        f"frozen gateway: {SECONDS:.0f} s, {PEOPLE} people, {AT_ONCE} at once\n"
        f"  reads: {told(times.reads)}\n  writes: {told(times.writes)}\n"
        f"  {waiting} changes waited, all there {took:.1f} s after the thaw",
    )
    assert took < 60
    # Half of them, and with room: in so short a time most writes are the first, which wait 0.7 s for the gateway, and
    # what the machine's other work adds is not under test.
    assert median(times.reads) < 0.2
    assert median(times.writes) < 2


def told(durations):
    cuts = quantiles(durations, n=100) if len(durations) > 1 else durations * 99
    figures = (("median", cuts[49]), ("95 %", cuts[94]), ("longest", max(durations)))
    return f"{len(durations)}, " + ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in figures)
