"""The circuit breaker: when it opens, who may try again, and what it does without Redis."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from redis import Redis

from litellm_sync.breaker import GatewayBreaker, shared_breaker
from litellm_sync.breaker_storage import BreakerStorage
from litellm_sync.errors import GatewayGarbage, GatewayRefused, GatewayUnauthorized, GatewayUnavailable
from litellm_sync.failed_calls import failed_call

NOBODY_THERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def redis():
    with Redis.from_url(configured.REDIS_URL) as client:
        yield client


@pytest.fixture(params=["alone", "shared"])
def breaker(request, redis):
    storage = BreakerStorage("test", redis) if request.param == "shared" else None
    return GatewayBreaker(storage, seconds_open=0.2)


def _fail(breaker: GatewayBreaker, error: Exception | None = None) -> None:
    error = error or GatewayUnavailable("down")
    with pytest.raises(type(error)), breaker.guard():
        raise error


def _open(breaker: GatewayBreaker) -> None:
    for _ in range(5):
        _fail(breaker)
    assert breaker.is_open


def _rest(breaker: GatewayBreaker) -> None:
    """Make believe that it has been open long enough."""
    breaker._storage.opened_at -= timedelta(seconds=60)


def test_five_failures_in_a_row_open_it(breaker):
    for _ in range(4):
        _fail(breaker)
    assert not breaker.is_open
    _fail(breaker)
    assert breaker.is_open


def test_a_success_in_between_starts_the_count_anew(breaker):
    for _ in range(4):
        _fail(breaker)
    with breaker.guard():
        pass
    for _ in range(4):
        _fail(breaker)
    assert not breaker.is_open


def test_while_open_nobody_is_let_through(breaker):
    _open(breaker)
    with pytest.raises(GatewayUnavailable, match="breaker is open"), breaker.guard():
        pytest.fail("was let through")


@pytest.mark.parametrize(
    "error",
    [
        GatewayRefused("no", status=404),
        GatewayRefused("no", status=500),
        GatewayUnavailable("busy", status=429),
    ],
)
def test_a_gateway_that_refuses_is_alive(breaker, error):
    for _ in range(10):
        _fail(breaker, error)
    assert not breaker.is_open


def test_garbage_counts_as_a_failure(breaker):
    for _ in range(5):
        _fail(breaker, GatewayGarbage("what?", status=200))
    assert breaker.is_open


def test_a_bug_of_ours_says_nothing_about_the_gateway(breaker):
    for _ in range(4):
        _fail(breaker)
    _fail(breaker, ZeroDivisionError())
    _fail(breaker)
    assert breaker.is_open


def test_after_a_while_one_call_probes_and_closes_it(breaker):
    _open(breaker)
    _rest(breaker)
    with breaker.guard() as admission:
        assert admission.is_probe
        with pytest.raises(GatewayUnavailable, match="open"), breaker.guard():
            pytest.fail("a second probe")
    assert not breaker.is_open
    with breaker.guard() as admission:
        assert not admission.is_probe


def test_a_probe_that_fails_opens_it_again(breaker):
    _open(breaker)
    _rest(breaker)
    _fail(breaker)
    assert breaker.is_open
    with pytest.raises(GatewayUnavailable, match="open"), breaker.guard():
        pytest.fail("was let through")


def test_a_probe_that_was_killed_is_replaced(breaker):
    _open(breaker)
    _rest(breaker)
    assert breaker._storage.take_probe("killed", 0.1)
    with pytest.raises(GatewayUnavailable), breaker.guard():
        pytest.fail("while the lease lasts")
    time.sleep(0.15)  # Redis's own clock ends the lease
    with breaker.guard() as admission:
        assert admission.is_probe


def test_news_from_before_it_opened_is_dropped(breaker):
    """A call that began while it was closed and succeeds afterwards does not close it."""
    with breaker.guard():
        _open(breaker)
    assert breaker.is_open


def test_all_processes_share_it(redis):
    one, other = (shared_breaker("http://gateway", configured.REDIS_URL) for _ in range(2))
    for breaker in (one, other, one, other, one):
        _fail(breaker)
    assert one.is_open
    assert other.is_open
    elsewhere = shared_breaker("http://another-gateway", configured.REDIS_URL)
    assert not elsewhere.is_open


def test_only_one_process_probes(redis):
    one, other = (GatewayBreaker(BreakerStorage("test", redis)) for _ in range(2))
    _open(one)
    _rest(one)
    with one.guard() as admission:
        assert admission.is_probe
        with pytest.raises(GatewayUnavailable), other.guard():
            pytest.fail("a second probe")
    assert not other.is_open


def test_without_redis_every_process_goes_on_alone():
    one, other = (shared_breaker("http://gateway", NOBODY_THERE) for _ in range(2))
    _open(one)
    assert not other.is_open
    _rest(one)
    with one.guard() as admission:
        assert admission.is_probe
    assert not one.is_open


def test_redis_being_away_costs_its_time_out_once():
    breaker = shared_breaker("http://gateway", NOBODY_THERE)
    began = time.monotonic()
    for _ in range(100):
        with breaker.guard():
            pass
    assert time.monotonic() - began < 1.0


def test_redis_may_leave_in_the_middle(redis):
    storage = BreakerStorage("test", redis)
    breaker = GatewayBreaker(storage)
    _open(breaker)
    storage._redis = Redis.from_url(NOBODY_THERE, socket_connect_timeout=0.1)
    assert breaker.is_open
    _rest(breaker)
    with breaker.guard() as admission:
        assert admission.is_probe
    assert not breaker.is_open


def test_a_slow_call_does_not_lock_the_others_out(breaker):
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        with breaker.guard():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=slow)
    thread.start()
    assert entered.wait(5)
    with breaker.guard():
        pass
    leave.set()
    thread.join()


def test_the_client_stops_asking_and_asks_again(gateway, gateway_client):
    gateway.faults.add("status", status=503)
    for _ in range(5):
        with pytest.raises(GatewayUnavailable):
            gateway_client.create_key()
    asked = len(gateway.calls)
    with pytest.raises(GatewayUnavailable, match="breaker is open"):
        gateway_client.list_deployments()
    assert len(gateway.calls) == asked
    gateway.faults.clear()
    assert gateway_client.is_alive()
    _rest(gateway_client.breaker)
    assert gateway_client.list_deployments()
    assert not gateway_client.breaker.is_open


def test_a_probe_of_the_client_is_one_request(gateway, gateway_client):
    _open(gateway_client.breaker)
    _rest(gateway_client.breaker)
    gateway.faults.add("status", status=503)
    with pytest.raises(GatewayUnavailable):
        gateway_client.list_deployments()
    assert len(gateway.calls) == 1


def test_it_knows_since_when_calls_fail_however_often_it_was_tried_since(breaker):
    assert breaker.away_since is None
    _open(breaker)
    since = breaker.away_since
    assert since is not None
    _rest(breaker)
    _fail(breaker)
    assert breaker.away_since == since
    _rest(breaker)
    with breaker.guard():
        pass
    assert breaker.away_since is None


def test_the_last_failed_calls_are_remembered_for_all_processes_without_tokens(redis):
    here, there = (GatewayBreaker(BreakerStorage("test", redis)) for _ in range(2))
    now = datetime.now(UTC)
    for number in range(25):
        error = GatewayUnavailable(f"no answer {number}")
        here.remember(failed_call("POST", f"/key/{'ab' * 32}/reset_spend", error, now))
    found = there.failed_calls
    assert len(found) == 20
    assert (found[0].reason, found[0].call, found[0].at) == ("no answer 24", "POST /key/…/reset_spend", now)
    redis.lpush("litemaas:breaker:test:failed", "written by another version")
    assert len(there.failed_calls) == 19
    alone = GatewayBreaker()
    alone.remember(failed_call("GET", "/x", GatewayUnauthorized("who?", status=401), now))
    assert [(call.status, call.is_our_key_refused) for call in alone.failed_calls] == [(401, True)]
