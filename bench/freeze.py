"""`make bench-freeze`: the gateway stops (SIGSTOP) for two minutes while 200 people work with the portal.

The portal runs as in production, people come in over HTTP: each reads and pauses, again and again, and changes something
now and then. Counted is what they get and how long it takes, and how long after the thaw the gateway has every change.
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from bench import servers
from bench.outbox import KEY, simulated_gateway

_READS = ("/api/v1/api-keys", "/api/v1/subscriptions", "/api/v1/models?limit=20", "/api/v1/auth/me")
_PAUSE = 2.0


@dataclass
class Told:
    """Seconds that answers took, and what was wrong with them."""

    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    states: "Counter[str]" = field(default_factory=Counter)
    wrong: "Counter[str]" = field(default_factory=Counter)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-freeze", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="length of the freeze (120)")
    parser.add_argument("--people", type=int, default=200, help="how many work meanwhile (200)")
    arguments = parser.parse_args()
    with servers.backing() as environment:
        port = servers.free_port()
        os.environ.update(
            {**environment, "LITELLM_API_KEY": KEY, "LITELLM_API_URL": f"http://127.0.0.1:{port}"}
        )
        print("Seeding …", file=sys.stderr, flush=True)
        from bench import data

        data.USERS, data.SUBSCRIPTIONS, data.KEYS = arguments.people, arguments.people * 5, arguments.people
        data.SIGNED_IN = arguments.people
        tokens = data.seed().tokens["people"]
        with simulated_gateway(port=port) as gateway, servers.web() as web:
            return _measure(web.url, tokens, gateway, arguments.seconds)


def _measure(url: str, tokens: list[str], gateway: Any, seconds: int) -> int:
    from litellm_sync.models import GatewayObject

    _everything_arrives(60)
    told, stop = Told(), threading.Event()
    people = [threading.Thread(target=_work, args=(url, token, told, stop)) for token in tokens]
    os.kill(gateway.pid, signal.SIGSTOP)
    for person in people:
        person.start()
    time.sleep(seconds)
    stop.set()
    for person in people:
        person.join()
    waiting = GatewayObject.objects.dirty().count()
    os.kill(gateway.pid, signal.SIGCONT)
    took = _everything_arrives(120)
    print(
        f"frozen gateway: {seconds} s, {len(tokens)} people over HTTP, a read each {_PAUSE:.0f} s and changes"
    )
    print(f"reads:  {_shown(told.reads)}; wanted < 200 ms")
    print(f"writes: {_shown(told.writes)}; wanted < 1 s; {dict(told.states)}")
    print(f"wrong answers: {dict(told.wrong) or 'none'}")
    arrived = "never" if took is None else f"{took:.1f} s"
    print(f"{waiting} changes waited, all there after the thaw: {arrived}; wanted < 60 s")
    return 1 if told.wrong or took is None or took > 60 else 0


def _everything_arrives(patience: float) -> float | None:
    """Sweep as the beat and the hurried sweeps do, until nothing waits; the seconds that took."""
    from litellm_sync import outbox
    from litellm_sync.models import GatewayObject

    began = time.monotonic()
    while time.monotonic() < began + patience:
        if not GatewayObject.objects.waiting().exists():
            return time.monotonic() - began
        outbox.drain(threads=8)
        time.sleep(0.5)
    return None


def _work(url: str, token: str, told: Told, stop: threading.Event) -> None:
    """Somebody who looks at a page, reads it, and sometimes makes or changes a key."""
    chance = random.Random(token)
    stop.wait(chance.random() * _PAUSE)
    models: list[str] = []
    while not stop.is_set():
        for path in chance.sample(_READS, 2):
            body = _ask(told, told.reads, url + path, token)
            if path.endswith("subscriptions") and body:
                models = [row["modelId"] for row in body.get("data", [])]
        if models and chance.random() < 0.1:
            key = _ask(
                told, told.writes, f"{url}/api/v1/api-keys", token, {"name": "x", "modelIds": models[:1]}
            )
            if key:
                told.states[key["syncStatus"]] += 1
                if key["syncStatus"] != "pending":
                    told.wrong[f"a frozen gateway has confirmed: {key['syncStatus']}"] += 1
        stop.wait(chance.uniform(0.5, 1.5) * _PAUSE)


def _ask(told: Told, durations: list[float], url: str, token: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    began = time.monotonic()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:  # noqa: S310 - our own
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        code = json.loads(error.read() or b"{}").get("code")
        if code != "KEY_LIMIT_REACHED":
            told.wrong[f"{error.code} {code}"] += 1
        found = None
    except OSError as error:
        told.wrong[type(error).__name__] += 1
        found = None
    durations.append(time.monotonic() - began)
    return found


def _shown(durations: list[float]) -> str:
    if len(durations) < 2:
        return f"{len(durations)}"
    cuts = quantiles(durations, n=100)
    figures = (("median", cuts[49]), ("95 %", cuts[94]), ("99 %", cuts[98]), ("longest", max(durations)))
    return f"{len(durations)}, " + ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in figures)


if __name__ == "__main__":
    sys.exit(main())
