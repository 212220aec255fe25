"""Wishes that are read together: nothing of what holds for one may be lost by that."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from litellm_sync import draining, outbox, registry
from litellm_sync.errors import GatewayUnavailable
from litellm_sync.models import GatewayObject
from tests.outbox.conftest import KIND

pytestmark = pytest.mark.django_db


class Prepared:
    """A kind whose wishes are read together: what was read of each, what arrived."""

    def __init__(self):
        self.read, self.arrived = [], []
        self.during = {}
        self.unreadable = set()

    def prepare(self, object_ids):
        self.read.append(list(object_ids))
        if self.unreadable & set(object_ids):
            raise ZeroDivisionError
        return {pk: lambda _client, pk=pk: self.take(pk) for pk in object_ids}

    def take(self, pk):
        if pk in self.during:
            self.during.pop(pk)()
        self.arrived.append(pk)


@pytest.fixture
def prepared(monkeypatch):
    made = Prepared()
    monkeypatch.setitem(registry._preparers, KIND, made.prepare)
    return made


def mark(ids, **parts):
    with transaction.atomic():
        outbox.mark_dirty(KIND, ids, now=timezone.now(), **parts)


def test_many_are_read_together_and_confirmed(prepared, gateway):
    mark(many := [uuid4() for _ in range(50)])
    assert outbox.drain() == 50
    assert sorted(prepared.arrived) == sorted(many)
    assert [len(ids) for ids in prepared.read] == [20, 20, 10]
    assert not GatewayObject.objects.dirty().exists()
    assert not GatewayObject.objects.filter(lease__isnull=False).exists()


def test_the_statements_of_a_batch_are_few(prepared, gateway, django_assert_max_num_queries):
    mark([uuid4() for _ in range(20)], bulk=True)
    with django_assert_max_num_queries(10):
        outbox.drain()


def test_what_changes_while_its_batch_is_under_way_is_applied_again(prepared, gateway):
    mark(many := sorted(uuid4() for _ in range(30)))
    order = GatewayObject.objects.order_by("not_before", "pk").values_list("object_id", flat=True)
    first, last = order[0], order[19]
    prepared.during[first] = lambda: mark(last)
    assert outbox.drain() == 31
    assert prepared.arrived.count(last) == 2
    assert set(prepared.arrived) == set(many)
    assert not GatewayObject.objects.dirty().exists()


def test_one_that_cannot_be_read_stops_no_other(prepared, gateway):
    mark(many := [uuid4() for _ in range(5)])
    prepared.unreadable = {many[0]}
    for _ in range(5):
        # The bug is seen, and waits longer each time.
        try:
            outbox.drain()
        except ZeroDivisionError:
            continue
    assert set(prepared.arrived) == set(many[1:])
    assert GatewayObject.objects.dirty().get().last_error == "ZeroDivisionError in LiteMaaS, see the log"


def test_a_bug_gives_back_what_was_not_begun_with_and_confirms_what_arrived(prepared, gateway):
    mark(many := [uuid4() for _ in range(6)])

    def stumble():
        raise ZeroDivisionError

    order = list(GatewayObject.objects.order_by("not_before", "pk").values_list("object_id", flat=True))
    prepared.during[order[2]] = stumble
    with pytest.raises(ZeroDivisionError):
        outbox.drain()
    assert prepared.arrived == order[:2]
    assert GatewayObject.objects.dirty().count() == len(many) - 2
    assert not GatewayObject.objects.filter(lease__isnull=False).exists()


def test_what_would_begin_too_late_is_given_back(prepared, gateway, monkeypatch):
    mark([uuid4() for _ in range(4)])
    monkeypatch.setattr(draining, "BATCH_LASTS", timedelta())
    assert outbox.drain() == 4
    assert [len(ids) for ids in prepared.read] == [4, 3, 2, 1]


def test_a_failure_leaves_the_others_of_its_batch_alone(prepared, gateway):
    mark(many := [uuid4() for _ in range(5)])

    def fail():
        raise GatewayUnavailable("not now")

    prepared.during[many[3]] = fail
    assert outbox.drain() == 4
    (left,) = GatewayObject.objects.dirty()
    assert (left.object_id, left.attempts, left.lease) == (many[3], 1, None)


def test_a_batch_holds_one_kind_and_one_lane(prepared, gateway, monkeypatch):
    monkeypatch.setitem(registry._preparers, "key", prepared.prepare)
    mark([uuid4() for _ in range(3)])
    mark([uuid4() for _ in range(3)], bulk=True)
    with transaction.atomic():
        outbox.mark_dirty("key", [uuid4() for _ in range(3)], now=timezone.now())
    assert outbox.drain() == 9
    assert [len(ids) for ids in prepared.read] == [3, 3, 3]
