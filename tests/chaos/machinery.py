"""What the workers and the beat do, one step at a time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import SYSTEM
from apikeys import services as keys
from catalog.sync import sync_models
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from litellm_sync.reconciler import reconcile
from litemaas.errors import DomainError
from subscriptions import services as subscriptions
from tests.chaos.world import World


def deliver(world: World) -> None:
    """One asked-for application; sometimes the broker gives it out twice, or loses it."""
    if not world.deliveries:
        return
    kind, object_id = world.deliveries.pop(world.random.randrange(len(world.deliveries)))
    if world.chance(0.1):
        return
    if world.chance(0.2):
        world.deliveries.append((kind, object_id))
    outbox.apply_now(kind, object_id)


def sweep(world: World) -> None:
    outbox.drain()


def compare(world: World) -> None:
    try:
        reconcile(dry_run=world.chance(0.1))
    except DomainError:
        return


def read_models(world: World) -> None:
    try:
        sync_models(actor=SYSTEM, trigger="schedule", confirm=world.chance(0.3))
    except DomainError:
        return


def tend(world: World) -> None:
    """What the beat starts each minute or hour."""
    subscriptions.ending.expire_subscriptions(now=timezone.now())
    keys.rotating.tend_rotations(now=timezone.now())
    keys.ending.clean_up_expired_keys(actor=SYSTEM, now=timezone.now())


MACHINERY: list[tuple[int, Callable[[World], None]]] = [
    (40, deliver),
    (5, sweep),
    (1, compare),
    (2, read_models),
    (3, tend),
]


def settle(world: World) -> dict[str, Any]:
    """All troubles are over, and the beat goes on for some hours. The last comparison's results."""
    world.gateway.faults.clear()
    world.deliveries.clear()
    for _ in range(3):
        # Longer than any lease and any wait.
        world.move_clock(timedelta(minutes=70))
        read = sync_models(actor=SYSTEM, trigger="schedule", confirm=True)
        assert read is not None
        tend(world)
        outbox.drain()
        reconcile()
        # An operator looks at what was refused for good, and tries again.
        outbox.retry(GatewayObject.objects.parked(), now=timezone.now())
        world.move_clock(timedelta(minutes=5))
        outbox.drain()
    results: dict[str, Any] = reconcile().results
    return results
