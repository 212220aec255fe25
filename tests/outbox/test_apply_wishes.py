"""What a recorded wish can rely on."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from litellm_sync import delivery, outbox
from litellm_sync.errors import GatewayRefused, GatewayResting, GatewayUnauthorized, GatewayUnavailable
from litellm_sync.models import LEASE, GatewayObject
from tests.outbox.conftest import KIND

pytestmark = pytest.mark.django_db


def refuse(error):
    def answer(_object_id):
        raise error

    return answer


def test_a_wish_is_applied_once_and_then_rests(wish, destination, drain):
    row = wish()
    assert drain() == 1
    assert drain() == 0
    row.refresh_from_db()
    assert destination.arrived == [row.object_id]
    assert (row.sync_status, row.lease, row.applied) == ("synced", None, row.requested)


def test_many_wishes_for_one_object_are_applied_together(wish, destination, drain):
    row = wish()
    for _ in range(5):
        wish(row.object_id)
    assert drain() == 1
    assert destination.arrived == [row.object_id]


def test_a_wish_outside_of_a_transaction_is_a_mistake(transactional_db):
    with pytest.raises(RuntimeError, match="in the transaction"):
        outbox.mark_dirty(KIND, uuid4(), now=timezone.now())


def test_a_wish_that_comes_in_while_applying_is_applied_afterwards(wish, destination):
    row = wish()

    def once_more(_object_id):
        destination.answer = None
        wish(row.object_id)

    destination.answer = once_more
    assert outbox.apply_now(KIND, row.object_id)
    row.refresh_from_db()
    assert destination.arrived == [row.object_id] * 2
    assert row.sync_status == "synced"


def test_a_leased_object_is_nobody_elses(wish, destination):
    row = wish()
    assert outbox.claim_one(KIND, row.object_id, now=timezone.now())
    assert outbox.claim_one(KIND, row.object_id, now=timezone.now()) is None
    assert outbox.claim(now=timezone.now()) == []


def test_a_lease_of_a_killed_worker_runs_out(wish, destination, drain):
    row = wish()
    outbox.claim_one(KIND, row.object_id, now=timezone.now())
    assert drain() == 0
    assert drain(later=LEASE + timedelta(seconds=1)) == 1


def test_who_lost_the_lease_confirms_nothing(wish, destination, drain):
    row = wish(now=timezone.now() - timedelta(minutes=10))
    (late,) = outbox.claim(now=timezone.now() - timedelta(minutes=5))
    wish(row.object_id)
    (winner,) = outbox.claim(now=timezone.now())
    outbox.apply(late)
    row.refresh_from_db()
    assert row.is_dirty
    assert row.lease == winner.lease
    outbox.apply(winner)
    row.refresh_from_db()
    assert row.sync_status == "synced"


def test_leases_of_a_long_drain_are_dated_when_they_are_taken(wish, destination, drain, monkeypatch):
    """Dated at the start of the drain, a lease had run out before its work began."""
    start = timezone.now()
    clock = {"now": start}
    monkeypatch.setattr(delivery.timezone, "now", lambda: clock["now"])
    ends = []

    def slow(object_id):
        ends.append(GatewayObject.objects.get(object_id=object_id).leased_until - clock["now"])
        clock["now"] += timedelta(seconds=60)

    destination.answer = slow
    for _ in range(3):
        wish(now=start)
    assert drain() == 3
    assert ends == [LEASE] * 3


def test_a_silent_gateway_is_asked_again_later_and_later(wish, destination, drain):
    row = wish()
    destination.answer = refuse(GatewayUnavailable("no answer in time"))
    waits = []
    for attempt in range(6):
        GatewayObject.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert drain() == 0
        row.refresh_from_db()
        assert (row.attempts, row.sync_status, row.lease) == (attempt + 1, "pending", None)
        waits.append((row.not_before - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert 30 <= waits[-1] <= 64
    assert "no answer in time" in row.last_error


def test_a_refusal_parks_the_object_until_somebody_retries(wish, destination, drain):
    row = wish()
    destination.answer = refuse(GatewayRefused("no such budget", status=400))
    drain()
    row.refresh_from_db()
    assert row.sync_status == "error"
    destination.answer = None
    assert drain(later=timedelta(days=1)) == 0
    assert outbox.retry(GatewayObject.objects.all(), now=timezone.now()) == 1
    assert drain() == 1


def test_a_new_wish_takes_a_parked_object_back_up(wish, destination, drain):
    row = wish()
    destination.answer = refuse(GatewayRefused("no such budget", status=400))
    drain()
    destination.answer = None
    wish(row.object_id)
    assert drain() == 1


def test_our_own_key_being_refused_parks_nothing(wish, destination, drain):
    row = wish()
    destination.answer = refuse(GatewayUnauthorized("Invalid API key", status=401))
    drain()
    row.refresh_from_db()
    assert row.sync_status == "pending"


def test_a_bug_of_ours_keeps_the_wish_and_shows_its_trace(wish, destination, drain):
    row = wish()
    destination.answer = refuse(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        drain()
    row.refresh_from_db()
    assert (row.sync_status, row.lease) == ("pending", None)
    assert "ZeroDivisionError" in row.last_error


def test_users_go_before_the_keys_that_belong_to_them(db):
    now = timezone.now()
    for kind in ("key", "user", "team"):
        GatewayObject.objects.create(kind=kind, object_id=uuid4(), dirty_since=now, not_before=now)
    assert [work.kind for work in outbox.claim(now=now, limit=3)] == ["user", "team", "key"]


def test_marking_many_objects_takes_one_statement(db, django_assert_num_queries):
    from django.db import transaction

    with transaction.atomic(), django_assert_num_queries(1):
        outbox.mark_dirty(KIND, [uuid4() for _ in range(50)], now=timezone.now())
    assert connection.in_atomic_block


def test_a_resting_gateway_is_no_failed_attempt_of_the_object(wish, destination, drain):
    """Or an outage of minutes would push every object that was tried in it into the next hour."""
    row = wish()
    destination.answer = refuse(GatewayResting("the circuit breaker is open"))
    for _ in range(3):
        GatewayObject.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        assert drain() == 0
    row.refresh_from_db()
    assert (row.attempts, row.sync_status, row.lease) == (0, "pending", None)
    assert row.not_before - timezone.now() <= timedelta(seconds=10)


def test_an_open_breaker_ends_the_drain(wish, destination, drain, gateway_client, monkeypatch):
    for _ in range(3):
        wish()
    destination.answer = refuse(GatewayResting("the circuit breaker is open"))
    monkeypatch.setattr(type(gateway_client.breaker), "is_open", True)
    drain(client=gateway_client)
    assert GatewayObject.objects.filter(last_error="").count() == 2


def test_a_dropped_wish_is_not_tried_again_until_the_object_changes(wish, destination, drain):
    row = wish()
    destination.answer = refuse(GatewayRefused("no such budget", status=400))
    drain()
    assert outbox.drop(GatewayObject.objects.all(), now=timezone.now()) == 1
    destination.answer = None
    assert drain(later=timedelta(days=1)) == 0
    row.refresh_from_db()
    assert row.sync_status == "error"
    assert not GatewayObject.objects.waiting().exists()
    wish(row.object_id)
    assert drain() == 1


def test_what_may_still_succeed_is_not_dropped(wish):
    wish()
    assert outbox.drop(GatewayObject.objects.all(), now=timezone.now()) == 0


def test_a_dropped_wish_can_be_taken_up_by_hand(wish, destination, drain):
    wish()
    destination.answer = refuse(GatewayRefused("no such budget", status=400))
    drain()
    outbox.drop(GatewayObject.objects.all(), now=timezone.now())
    destination.answer = None
    outbox.retry(GatewayObject.objects.all(), now=timezone.now())
    assert drain() == 1
