"""A kind of our own, kept in memory, so that the reconciler is tested for what it promises to every kind.

It takes the place of users: the gateway's users are the objects, `Portal.wanted` says what they should be.
"""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from litellm_sync import outbox, registry
from litellm_sync.models import Finding, SyncRun
from litellm_sync.reconciler import reconcile
from litellm_sync.registry import Mirror, Policy, Sighting, Wish

KIND = "user"


class Portal:
    def __init__(self) -> None:
        self.wanted: dict[UUID, dict | None] = {}
        self.adopted: list[Sighting] = []
        self.adopting_fails: Exception | None = None

    def wishes(self, gateway_ids):
        return {
            pk: Wish(UUID(pk), self.wanted[UUID(pk)])
            for pk in gateway_ids
            if _is_uuid(pk) and UUID(pk) in self.wanted
        }

    def expected(self):
        yield [(str(pk), pk) for pk, fields in self.wanted.items() if fields is not None]

    def adopt(self, sighting, _actor, _now):
        if self.adopting_fails:
            raise self.adopting_fails
        self.adopted.append(sighting)
        object_id = sighting.object_id or uuid4()
        self.wanted[object_id] = {"max_budget": sighting.row["max_budget"]}
        return object_id

    def apply(self, object_id, client):
        fields = self.wanted.get(object_id)
        if fields is None:
            client.delete_user(str(object_id))
        else:
            client.update_user(user_id=str(object_id), **fields)


def _is_uuid(text: str) -> bool:
    return len(text) == 36


@pytest.fixture
def portal(monkeypatch, gateway) -> Portal:
    made = Portal()
    monkeypatch.setattr(registry, "_appliers", {KIND: made.apply})
    mirror = Mirror(wishes=made.wishes, expected=made.expected, adopt=made.adopt)
    monkeypatch.setattr(registry, "_mirrors", {KIND: mirror})
    return made


@pytest.fixture
def policy(settings) -> Callable[[Policy], None]:
    def choose(value: Policy) -> None:
        settings.GATEWAY_DRIFT_POLICIES = {KIND: value}

    return choose


@pytest.fixture
def have(portal, drain) -> Callable[..., UUID]:
    """An object that portal and gateway agree about."""

    def make(**fields) -> UUID:
        pk = uuid4()
        portal.wanted[pk] = {"user_alias": "somebody", **fields}
        with transaction.atomic():
            outbox.mark_dirty(KIND, pk, now=timezone.now())
        assert drain() == 1
        return pk

    return make


@pytest.fixture
def compare(portal) -> Iterator[Callable[..., dict]]:
    """Run a comparison; its report of the kind."""

    def run(**parts) -> dict:
        return reconcile(**parts).results[KIND]

    return run


@pytest.fixture
def found() -> Callable[[], list[tuple]]:
    def read() -> list[tuple]:
        return sorted(Finding.objects.open().values_list("verdict", "gateway_id"))

    return read


@pytest.fixture
def last_run() -> Callable[[], SyncRun]:
    return lambda: SyncRun.objects.latest()
