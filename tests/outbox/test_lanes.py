"""Many objects at once, and the few that somebody waits for."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from tests.outbox.conftest import KIND

pytestmark = pytest.mark.django_db
MANY = outbox.MANY + 1


def mark(*object_ids, **parts):
    with transaction.atomic():
        outbox.mark_dirty(KIND, object_ids, now=timezone.now(), **parts)


def test_a_change_of_many_objects_lets_the_few_pass():
    mark(*(uuid4() for _ in range(MANY)))
    waited_for = uuid4()
    mark(waited_for)
    (first,) = outbox.claim(now=timezone.now())
    assert first.object_id == waited_for


def test_a_fresh_change_takes_an_object_out_of_the_slow_lane():
    many = [uuid4() for _ in range(MANY)]
    mark(*many)
    mark(many[-1])
    (first,) = outbox.claim(now=timezone.now())
    assert first.object_id == many[-1]


def test_a_change_of_many_does_not_slow_down_what_somebody_waits_for():
    waited_for = uuid4()
    mark(waited_for)
    mark(waited_for, *(uuid4() for _ in range(MANY)))
    assert GatewayObject.objects.get(object_id=waited_for).lane == GatewayObject.Lane.FRESH


def test_an_applied_object_takes_the_lane_of_its_next_change(destination, drain):
    objects = [uuid4() for _ in range(MANY)]
    mark(*objects)
    drain()
    mark(objects[0])
    mark(*objects[1:], bulk=True)
    lanes = dict(GatewayObject.objects.values_list("object_id", "lane"))
    assert [lanes[pk] for pk in objects] == [0] + [1] * (MANY - 1)


def test_a_claim_in_front_of_a_long_queue_reads_the_index(django_assert_num_queries):
    now = timezone.now()
    rows = [
        GatewayObject(kind="key", object_id=uuid4(), lane=1, dirty_since=now, not_before=now)
        for _ in range(3000)
    ]
    GatewayObject.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gateway_objects")
    due = GatewayObject.objects.due(now).order_by("lane", "place", "not_before", "pk")[:1]
    plan = due.explain()
    assert "gateway_object_due" in plan
    assert "Sort" not in plan
