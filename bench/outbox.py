"""`make bench-outbox`: how fast a long queue drains, whether fresh changes wait behind it, and what a comparison takes.

Twenty thousand keys are dirty, in front of a simulated gateway that takes a known number of calls per second. What it
takes of the same calls from a bare loop, with as many connections and nothing else to do, is measured first: the drain is
compared with that. Meanwhile somebody changes something each second. Then portal and gateway are compared.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bench import servers

# About three times what LiteLLM 1.109 with one worker takes on a machine like the one of docs/performance.md.
SERVICE_TIME, AT_ONCE = 0.025, 4
KEY = "sk-only-for-the-bench"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-outbox", description=__doc__)
    parser.add_argument("--seconds", type=int, default=40, help="length of the drain (40)")
    parser.add_argument("--keys", type=int, default=20_000, help="how many keys there are (20000)")
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update({**environment, "LITELLM_APIKEY": KEY})
        print("Seeding …", file=sys.stderr, flush=True)
        from bench import data

        # Ten keys for each of two thousand people: the keys are what counts here.
        data.USERS, data.SUBSCRIPTIONS = 2_000, 10_000
        data.KEYS = arguments.keys
        data.seed()
        with simulated_gateway("--service-time", str(SERVICE_TIME), "--at-once", str(AT_ONCE)):
            floor = _measure_floor(max(5, arguments.seconds // 4))
            _measure_drain(arguments.seconds, floor)
        with tempfile.TemporaryDirectory() as folder:
            state = f"{folder}/gateway.sqlite"
            _fill(state)
            with simulated_gateway("--state", state):
                _measure_comparison()
    return 0


@contextmanager
def simulated_gateway(*shape: str, port: int | None = None) -> "Iterator[subprocess.Popen[bytes]]":
    """A simulated gateway in a process of its own, to which the settings lead."""
    from django.conf import settings

    from litellm_sync.client import forget_gateway

    port = port or servers.free_port()
    command = [
        sys.executable,
        "-m",
        "litellm_sync.simulated",
        "--port",
        str(port),
        "--master-key",
        KEY,
        *shape,
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    settings.LITELLM_API_URL = f"http://127.0.0.1:{port}"
    forget_gateway()
    try:
        _wait_for(f"{settings.LITELLM_API_URL}/health/liveliness")
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=1)  # noqa: S310 - our own process
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The simulated gateway did not start.")


def _mark_all() -> None:
    from django.utils import timezone

    from litellm_sync.models import GatewayObject

    now = timezone.now()
    rows = GatewayObject.objects.filter(kind="key")
    rows.update(requested=2, applied=1, lane=1, not_before=now, dirty_since=now)


# As lean as a client in Python gets: what the gateway takes, not what we ask of it.
_BARE_LOOP = """
import http.client, json, os, secrets, sys, threading, time
port, key, threads, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
counts, ends_at = [0] * threads, time.monotonic() + seconds
def loop(place):
    link = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    while time.monotonic() < ends_at:
        name = secrets.token_hex(8)
        body = {"key": "sk-" + name, "key_alias": name, "models": ["gpt-4o"], "key_type": "llm_api", "blocked": False}
        link.request("POST", "/key/generate", json.dumps(body), headers)
        link.getresponse().read()
        counts[place] += 1
workers = [threading.Thread(target=loop, args=(place,)) for place in range(threads)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
print(sum(counts) / seconds)
"""


def _measure_floor(seconds: int) -> float:
    """Calls per second of a bare loop in a process of its own, as many at once as the drain makes."""
    from django.conf import settings

    port = settings.LITELLM_API_URL.rpartition(":")[2]
    shape = [port, KEY, str(settings.OUTBOX_THREADS), str(seconds)]
    done = subprocess.run([sys.executable, "-c", _BARE_LOOP, *shape], stdout=subprocess.PIPE, check=True)
    return float(done.stdout)


def _measure_drain(seconds: int, floor: float) -> None:
    from django.conf import settings

    from litellm_sync import draining
    from litellm_sync.models import GatewayObject

    _mark_all()
    queued = GatewayObject.objects.dirty().count()
    draining.LONGEST_DRAIN = timedelta(seconds=seconds)
    stop, waits = threading.Event(), list[float]()
    probe = threading.Thread(target=_change_something, args=(stop, waits))
    counted = _Counted()
    began, used = time.monotonic(), time.process_time()
    probe.start()
    confirmed = draining.drain(threads=settings.OUTBOX_THREADS)
    took = time.monotonic() - began
    calls = counted.calls
    stop.set()
    probe.join()
    capacity, rate = AT_ONCE / SERVICE_TIME, calls / took
    each = f"{AT_ONCE} at once, {SERVICE_TIME * 1000:.0f} ms"
    print(f"queue: {queued:,} dirty keys; the gateway takes {capacity:.0f} calls/s ({each})")
    print(f"floor: a bare loop makes {floor:.0f} calls/s, {floor / capacity:.0%}")
    print(
        f"drain: {confirmed} keys, {calls} calls in {took:.0f} s = {rate:.0f} calls/s, {rate / capacity:.0%} of what "
        f"the gateway could take, {rate / floor:.0%} of what it took from the bare loop"
    )
    print(f"processor: {1000 * (time.process_time() - used) / max(confirmed, 1):.1f} ms for each key")
    waits.sort()
    median, longest = waits[len(waits) // 2], waits[-1]
    print(
        f"fresh changes meanwhile: {len(waits)}, there after {median:.2f} s (median), {longest:.2f} s (longest)"
    )
    print(_progress())


class _Counted:
    """Counts the calls of this process to the gateway."""

    def __init__(self) -> None:
        from litellm_sync.client.transport import Transport

        self.calls = 0
        real, lock = Transport.send, threading.Lock()

        def send(transport: Any, *arguments: Any, **parts: Any) -> Any:
            with lock:
                self.calls += 1
            return real(transport, *arguments, **parts)

        Transport.send = send  # type: ignore[method-assign]


def _change_something(stop: threading.Event, waits: list[float]) -> None:
    """A user changes; how long until the gateway has it. No worker is asked: the drain itself must see it."""
    from uuid import UUID

    from django.db import connection, transaction
    from django.utils import timezone

    from accounts.models import User
    from litellm_sync import outbox
    from litellm_sync.models import GatewayObject

    people = iter(User.objects.order_by("-username").values_list("pk", flat=True)[:1000])
    while not stop.wait(1.0):
        pk: UUID = next(people)
        began = time.monotonic()
        with transaction.atomic():
            outbox.mark_dirty("user", pk, now=timezone.now(), hurried=False)
        row = GatewayObject.objects.filter(kind="user", object_id=pk)
        while not row.filter(applied__gt=0).exists() and not stop.is_set():
            time.sleep(0.02)
        if not stop.is_set():
            waits.append(time.monotonic() - began)
    connection.close()


def _progress() -> str:
    from django.utils import timezone

    from litellm_sync.progress import progress

    state = progress(now=timezone.now())
    return f"progress: {state.waiting} waiting, {state.per_minute} confirmed per minute, {state.seconds_left} s left"


def _fill(path: str) -> None:
    """Write every key into the state of a gateway that is not running, as its applier would have made it."""
    from django.utils import timezone

    from apikeys import desired, secrets
    from apikeys.models import ApiKeyModel, ApiKeySecret
    from litellm_sync.simulated.access import Caller
    from litellm_sync.simulated.keys import make_key
    from litellm_sync.simulated.state import State
    from litellm_sync.simulated.versions import NEWEST

    models: dict[Any, list[str]] = {}
    for key_id, model_id in (
        ApiKeyModel.objects.effective().order_by("model_id").values_list("api_key", "model_id")
    ):
        models.setdefault(key_id, []).append(model_id)
    state, now = State(master_key=KEY, version=NEWEST, path=path), timezone.now()
    administrator = Caller(None, "proxy_admin", "default_user_id")
    rows = ApiKeySecret.objects.select_related("api_key__owner", "api_key__team")
    with state.together():
        for row in rows.iterator(chunk_size=2000):
            key = row.api_key
            body = desired.create_body(key, row, models.get(key.pk, []), key.max_budget, now)
            make_key(state, administrator, {**_plain(body), "key": secrets.read_from(row)})
    state.close()


def _plain(body: Any) -> Any:
    return json.loads(json.dumps(body, default=float))


def _measure_comparison() -> None:
    import resource

    from litellm_sync.client import gateway
    from litellm_sync.listing import pages_of
    from litellm_sync.reconciler import reconcile

    began = time.monotonic()
    pages = sum(1 for _ in pages_of("key", gateway()))
    reading = time.monotonic() - began
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    run = reconcile(kinds=["key"])
    took = time.monotonic() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    result = run.results["key"]
    print(
        f"comparison: {result['ours']} keys in {took:.1f} s, of which the gateway's own {reading:.1f} s ({pages} pages); "
        f"{result['missing']} missing, {result['different']} different, complete: {result['is_complete']}; "
        f"memory grew by {grown:.0f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
