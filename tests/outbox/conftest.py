"""An applier of our own, so that the outbox is tested for what it promises to every kind."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from litellm_sync import outbox, registry
from litellm_sync.models import GatewayObject

KIND = "team"


class Destination:
    """Stands for the gateway: what arrived there, and what it answers next."""

    def __init__(self) -> None:
        self.arrived: list[UUID] = []
        self.answer: Callable[[UUID], None] | None = None

    def take(self, object_id: UUID, _client: object) -> None:
        if self.answer:
            self.answer(object_id)
        self.arrived.append(object_id)


@pytest.fixture
def destination(monkeypatch) -> Iterator[Destination]:
    made = Destination()
    monkeypatch.setitem(registry._appliers, KIND, made.take)
    return made


@pytest.fixture
def wish():
    """Mark an object dirty; gives its row."""

    def mark(object_id: UUID | None = None, *, now=None) -> GatewayObject:
        object_id = object_id or uuid4()
        with transaction.atomic():
            outbox.mark_dirty(KIND, object_id, now=now or timezone.now())
        return GatewayObject.objects.get(kind=KIND, object_id=object_id)

    return mark
