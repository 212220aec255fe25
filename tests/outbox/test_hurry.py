"""After the commit a worker is asked at once. Nothing depends on it."""

import pytest
from django.conf import settings as live_settings
from django.utils import timezone
from kombu import Connection, pools
from redis import Redis

from litellm_sync import hurrying, outbox
from litellm_sync.models import GatewayObject
from litemaas.celery import app
from tests.outbox.conftest import KIND

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue(settings):
    redis = Redis.from_url(settings.REDIS_URL)
    redis.delete("celery")
    yield lambda: redis.llen("celery")
    redis.delete("celery")
    redis.close()


@pytest.fixture
def broker_away(monkeypatch):
    """The way to the broker leads to a port where nobody listens."""
    nowhere = Connection("redis://127.0.0.1:9/0", transport_options={"socket_connect_timeout": 0.2})
    monkeypatch.setattr(app.amqp, "_producer_pool", pools.producers[nowhere])


def test_a_committed_wish_asks_a_worker(wish, queue):
    wish()
    assert queue() == 1


def test_a_rolled_back_wish_asks_nobody(queue):
    from uuid import uuid4

    from django.db import transaction

    with transaction.atomic():
        outbox.mark_dirty(KIND, uuid4(), now=timezone.now())
        transaction.set_rollback(True)
    assert queue() == 0
    assert not GatewayObject.objects.exists()


def test_the_sweep_does_what_a_lost_hurry_left(wish, queue, destination, drain):
    row = wish()
    with Redis.from_url(live_settings.REDIS_URL) as broker:
        broker.delete("celery")
    assert drain() == 1
    assert destination.arrived == [row.object_id]


def test_a_broker_that_is_away_loses_no_wish(broker_away, wish, destination, drain):
    row = wish()
    assert drain() == 1
    assert destination.arrived == [row.object_id]


@pytest.fixture
def cache_away(settings):
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {**settings.CACHES, "default": nowhere}


def mark_many():
    from uuid import uuid4

    from django.db import transaction

    ids = [uuid4() for _ in range(outbox.MANY + 1)]
    with transaction.atomic():
        outbox.mark_dirty(KIND, ids, now=timezone.now())
    return ids


def test_many_wishes_ask_for_one_sweep(queue):
    mark_many()
    mark_many()
    assert queue() == 1
    hurrying.sweep_begins()
    mark_many()
    assert queue() == 2


def test_without_valkey_no_wish_is_lost(broker_away, cache_away, destination, drain):
    assert drain() == 0
    ids = mark_many()
    assert drain() == len(ids)


def test_a_flushed_valkey_loses_no_wish(gateway, settings, wish, destination, drain):
    """The breaker was open, the queue was full: both are forgotten, the wishes are not."""
    from litellm_sync.client import gateway as shared

    breaker = shared().breaker
    breaker._storage.state = "open"
    ids = mark_many()
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.flushdb()
    breaker._storage._own.state = "closed"
    assert drain() == len(ids)
