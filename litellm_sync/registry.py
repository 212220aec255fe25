"""Which app knows how to bring which kind of object to the gateway. This app knows no domain app."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from litellm_sync.client import GatewayClient

Applier = Callable[[UUID, "GatewayClient"], None]
_appliers: dict[str, Applier] = {}


def register(kind: str, applier: Applier) -> None:
    """`applier(object_id, client)` makes the gateway match the portal's rows. It must be idempotent, and raises the
    errors of `litellm_sync.errors` when it can't."""
    _appliers[kind] = applier


def applier_of(kind: str) -> Applier:
    return _appliers[kind]
