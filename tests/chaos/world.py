"""A portal, its gateway, and a seeded source of trouble."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from litellm_sync.client import GatewayClient
from litellm_sync.simulated import SimulatedGateway
from tests.chaos.kills import Killer

_REAL_NOW = timezone.now


class World:
    """What the steps share. `hand` is an administrator of the gateway who works past the portal."""

    def __init__(self, seed: int, gateway: SimulatedGateway, hand: GatewayClient, killer: Killer) -> None:
        self.random = random.Random(seed)
        self.gateway = gateway
        self.hand = hand
        self.killer = killer
        self.offset = timedelta()
        self.deliveries: list[tuple[str, UUID]] = []
        self.strangers: set[str] = set()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def now(self) -> datetime:
        return _REAL_NOW() + self.offset

    def move_clock(self, by: timedelta) -> None:
        """Everybody's clock; the gateway's may be some seconds off."""
        self.offset += by
        skew = timedelta(seconds=self.random.uniform(-2, 2))
        self.gateway.state.clock.offset = self.offset + skew

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, rows: Any) -> Any:
        """One of these, None when there are none. Queries are picked from by id, so a seed gives the same again."""
        found = list(rows)
        return self.random.choice(found) if found else None

    def some(self, rows: Any, most: int) -> list[Any]:
        found = list(rows)
        return self.random.sample(found, min(len(found), self.random.randint(1, most))) if found else []

    def run(self, name: str, act: Callable[[], Any], *, die: float) -> None:
        """One step; with this probability the process dies somewhere in it."""
        self.done[name] += 1
        at_gateway = self.chance(0.5)
        steps = int(self.random.expovariate(1 / (3 if at_gateway else 20))) if self.chance(die) else None
        with self.killer.armed(steps, at_gateway=at_gateway):
            act()
