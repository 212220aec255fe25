"""What each app tells about the objects that it mirrors to the gateway. This app knows no domain app.

An app registers in its `AppConfig.ready`:

    registry.register("team", gateway.apply_team)
    registry.register_many("key", gateway.prepare_keys)
    registry.reconcile("key", Mirror(wishes=gateway.key_wishes, expected=gateway.expected_keys))
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from litellm_sync.client import GatewayClient

Json = dict[str, Any]
Applier = Callable[[UUID, "GatewayClient"], None]
# What brings one object in line, with all that the portal wishes for it at hand.
Act = Callable[["GatewayClient"], None]
Preparer = Callable[[Sequence[UUID]], Mapping[UUID, Act]]
# So many objects are read at once where a kind can do that: few enough that what somebody waits for, and what changes
# again meanwhile, is not held up by the others.
BATCH = 20


class Policy(StrEnum):
    """What the reconciler does about an object of ours that is different in the gateway."""

    REPAIR = "repair"
    ADOPT = "adopt"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the gateway should have of one object: `fields` as LiteLLM names them, None = it should not be there.

    Compared are the named fields only. Values: text, bool, int, Decimal, datetime, lists (order does not matter), dicts,
    None (unset; LiteLLM's false, [] and {} count as unset too).
    """

    object_id: UUID
    fields: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object of the gateway that is to be adopted: its row, fresh, and the portal's object if there is one."""

    gateway_id: str
    row: Json
    object_id: UUID | None


def _as_it_is(row: Json) -> Mapping[str, Any]:
    return row


@dataclass(frozen=True, slots=True)
class Mirror:
    """How the reconciler compares one kind.

    `gateway_id` is the gateway's name: a user's or team's id, "team_id/user_id" for a member, a key's token hash, a
    deployment's id.
    """

    # Of these gateway ids those that are ours, with what they should be. A fixed number of statements for any number of
    # ids, which may be anything (a stranger's id is no UUID).
    wishes: Callable[[Sequence[str]], Mapping[str, Wish]]
    # Everything of ours that must be in the gateway now, in batches of (gateway_id, object_id): constant memory.
    expected: Callable[[], Iterator[Sequence[tuple[str, UUID]]]]
    # The fields of a gateway's row under the names that `Wish.fields` uses, where they are not the row's own.
    read: Callable[[Json], Mapping[str, Any]] = _as_it_is
    # Takes the gateway's values, or a stranger, into the portal's rows, in the caller's transaction; the portal's id
    # of it. `actor` is whoever decided, None the program. Raises DomainError where that can't be. None: nothing of this
    # kind is adopted.
    adopt: Callable[[Sighting, Any, datetime], UUID] | None = None
    policy: Policy = Policy.REPAIR


_appliers: dict[str, Applier] = {}
_preparers: dict[str, Preparer] = {}
_mirrors: dict[str, Mirror] = {}


def register(kind: str, applier: Applier) -> None:
    """`applier(object_id, client)` makes the gateway match the portal's rows. It must be idempotent, and raises the
    errors of `litellm_sync.errors` when it can't."""
    _appliers[kind] = applier


def register_many(kind: str, preparer: Preparer) -> None:
    """For kinds with long queues: `preparer(object_ids)` reads the wishes for many objects in a fixed number of
    statements, and gives for each what an applier does. It leaves out objects for which nothing is to be done."""
    _preparers[kind] = preparer


def prepare(kind: str, object_ids: Sequence[UUID]) -> Mapping[UUID, Act]:
    """What to do for each of these objects."""
    if kind in _preparers:
        return _preparers[kind](object_ids)
    return {pk: partial(_appliers[kind], pk) for pk in object_ids}


def batch_of(kind: str) -> int:
    """How many objects of this kind are prepared at once."""
    return BATCH if kind in _preparers else 1


def reconcile(kind: str, mirror: Mirror) -> None:
    """Let the reconciler compare this kind, and the spend poll know whose the gateway's figures are."""
    _mirrors[kind] = mirror


def mirror_of(kind: str) -> Mirror:
    return _mirrors[kind]


def reconciled_kinds() -> list[str]:
    """The kinds that have a mirror, in the order in which the gateway needs them."""
    from litellm_sync.models import GatewayObject

    return [kind for kind in GatewayObject.Kind.values if kind in _mirrors]
