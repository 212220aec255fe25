"""After the commit a worker is asked at once. Nothing depends on it."""

import pytest
from django.conf import settings as live_settings
from django.utils import timezone
from kombu import Connection, pools
from redis import Redis

from litellm_sync import outbox
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
