"""Thousands of random steps: people, workers, the beat, kills, outages, and somebody who works past the portal.

`make chaos` runs more of them; `CHAOS_STEPS` says how many. `CHAOS_SEED` makes the same choices again; what they meet
differs a little, since ids and secrets are random and some waits are real.
"""

import os
import time
from collections import Counter

import pytest
from django.utils import timezone

from accounts.models import SYSTEM, User
from catalog.sync import sync_models
from litellm_sync import tasks
from litellm_sync.breaker import GatewayBreaker
from litellm_sync.client import GatewayClient, caller, gateway_client
from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from litellm_sync.models import Finding
from litemaas.errors import DomainError
from tests.chaos import oracle
from tests.chaos.kills import Killer
from tests.chaos.machinery import MACHINERY, settle
from tests.chaos.portal_acts import ACTS, populate
from tests.chaos.troubles import TROUBLES
from tests.chaos.world import World
from tests.factories import UserFactory

STEPS = int(os.environ.get("CHAOS_STEPS", "2000"))
SETTLES = 500
SEED = int(os.environ.get("CHAOS_SEED", "1"))


@pytest.fixture
def world(transactional_db, gateway, monkeypatch):
    # Real seconds are dear here: a breaker that rests for two hundredths of one, and hardly a pause between attempts.
    monkeypatch.setattr(gateway_client, "shared_breaker", lambda *_: GatewayBreaker(seconds_open=0.02))
    monkeypatch.setattr(caller, "_FIRST_PAUSE", 0.001)
    hand = GatewayClient(gateway.url, gateway.master_key)
    made = World(SEED, gateway, hand, Killer(monkeypatch))
    monkeypatch.setattr(timezone, "now", made.now)
    # The world moves the gateway's clock itself.
    monkeypatch.setattr(gateway.faults, "_set_clock", lambda: None)

    def deliver(arguments=(), **_options):
        made.deliveries.append((arguments[0], arguments[1]))

    monkeypatch.setattr(tasks.apply_object, "apply_async", deliver)
    monkeypatch.setattr(tasks.sweep, "apply_async", lambda **_options: None)
    yield made
    hand.close()


def test_whatever_happens_the_gateway_ends_up_as_the_portal_says(world, record_property):
    began, used = time.monotonic(), time.process_time()
    admin = UserFactory(is_operator=True, username="admin")
    sync_models(actor=SYSTEM, trigger="schedule", confirm=True)
    populate(world, admin)
    steps = 0
    while steps < STEPS:
        for _ in range(min(SETTLES, STEPS - steps)):
            step(world)
            steps += 1
        results = settle(world)
        left = {kind: (report["missing"], report["different"]) for kind, report in results.items()}
        wrong = oracle.wrongs(world)
        assert not wrong, f"seed {SEED}, after {steps} steps: {wrong[:10]}"
        assert set(left.values()) == {(0, 0)}, f"seed {SEED}, after {steps} steps: {left}, {_findings()}"
        assert all(report["is_complete"] for report in results.values())
    told = report(world, steps, time.monotonic() - began, time.process_time() - used)
    record_property("told", told)


def step(world: World) -> None:
    what = world.random.random()
    if what < 0.45:
        act = choose(world, ACTS)
        admin = User.objects.get(username="admin")
        run(world, act.__name__, lambda: act(world, admin), die=0.15)
    elif what < 0.8:
        act = choose(world, MACHINERY)
        run(world, act.__name__, lambda: act(world), die=0.3)
    else:
        act = choose(world, TROUBLES)
        world.faults[act.__name__] += 1
        act(world)


def run(world, name, act, *, die) -> None:
    try:
        world.run(name, act, die=die)
    except (DomainError, GatewayRefused, GatewayUnavailable) as refusal:
        world.refused[refusal.code] += 1
    except AttributeError as nothing_there:
        # There was no key, team or subscription yet to do it with.
        if "NoneType" not in str(nothing_there):
            raise


def choose(world, table):
    weights = [weight for weight, _act in table]
    return world.random.choices([act for _weight, act in table], weights)[0]


def _findings():
    return list(
        Finding.objects.open().filter(object_id__isnull=False).values("kind", "verdict", "differences")[:5]
    )


def report(world, steps, seconds, processor) -> str:
    killed = Counter(place.split(" /")[0] for place in world.killer.places)
    verdicts = Counter(Finding.objects.values_list("kind", "verdict"))
    there = world.gateway.describe()["keys"]
    lines = [
        f"\nchaos: seed {SEED}, {steps} steps in {seconds:.0f} s ({processor:.0f} s of it computing)",
        f"  acts and work: {sum(world.done.values())} ({_few(world.done)})",
        f"  refused by rule: {sum(world.refused.values())} ({_few(world.refused)})",
        f"  kills: {len(world.killer.places)} ({_few(killed)})",
        f"  faults and edits past the portal: {sum(world.faults.values())} ({_few(world.faults)})",
        f"  keys in the gateway at the end: {len(there)}, open {sum(not key['blocked'] for key in there)}",
        f"  objects found drifting: {_few(verdicts)}",
        "  after each settling: nothing missing, nothing different, no orphan, no forbidden access\n",
    ]
    return "\n".join(lines)


def _few(counts) -> str:
    names = {name: " ".join(name) if isinstance(name, tuple) else name for name in counts}
    return ", ".join(f"{names[name]} {count}" for name, count in counts.most_common(30))
