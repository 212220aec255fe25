"""Requests are counted per principal, for all processes; headers and the body say where one stands."""

import time

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured

from litemaas import addresses, env
from litemaas.api import throttling
from tests.api.conftest import ApiClient

AWAY = {
    "BACKEND": "litemaas.api.counters.CountingCache",
    "LOCATION": "redis://127.0.0.1:9/0",
    "OPTIONS": {"socket_connect_timeout": 0.5},
}


@pytest.fixture
def limits(settings):
    def use(**rates):
        settings.RATE_LIMITS = {name.replace("_", "-"): rate for name, rate in rates.items()}

    return use


@pytest.fixture
def valkey_is_away(settings, monkeypatch):
    settings.CACHES = settings.CACHES | {"away": AWAY}
    settings.RATELIMIT_USE_CACHE = "away"
    monkeypatch.setattr(throttling, "_uncounted_until", float("-inf"))


def test_an_answer_says_what_is_left(api, limits):
    limits(signed_in="5/m")
    first, second = api.get("auth/me"), api.get("auth/me")
    assert [answer["X-RateLimit-Limit"] for answer in (first, second)] == ["5", "5"]
    assert [answer["X-RateLimit-Remaining"] for answer in (first, second)] == ["4", "3"]
    assert 0 <= int(second["X-RateLimit-Reset"]) - time.time() <= 61


def test_who_asks_too_often_waits_and_is_told_how_long(api, limits):
    limits(signed_in="2/5m")
    for _ in range(2):
        assert api.get("auth/me").status_code == 200
    refused = api.get("auth/me")
    body = refused.json()
    assert (refused.status_code, body["code"]) == (429, "RATE_LIMITED")
    wait = body["details"]["retryAfter"]
    assert body["details"] == {
        "limit": 2,
        "timeWindow": "5 minutes",
        "remaining": wait * 1000,
        "retryAfter": wait,
    }
    assert body["error"]["retry"]["retryAfter"] == wait
    assert refused["Retry-After"] == str(wait)
    assert refused["X-RateLimit-Remaining"] == "0"


def test_people_behind_one_address_have_counts_of_their_own(api, stranger, limits):
    limits(signed_in="1/m", anonymous="1/m")
    assert api.get("auth/me").status_code == 200
    assert stranger.get("auth/me").status_code == 200
    assert api.get("auth/me").status_code == 429


def test_one_person_has_one_count_whatever_the_address_and_the_token(user, limits):
    limits(signed_in="1/m")
    assert ApiClient(user).get("auth/me").status_code == 200
    assert ApiClient(user).get("models").status_code == 429


def test_a_wrong_credential_counts_for_the_address(db, limits):
    limits(anonymous="2/m")
    client = ApiClient()
    client.headers["Authorization"] = "Bearer nonsense"
    assert [client.get("auth/me").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("path", ["config", "config/admin-analytics", "health/live", "/health/ready"])
def test_what_everybody_needs_is_not_counted(anonymous, db, limits, path):
    limits(anonymous="1/m")
    for _ in range(3):
        answer = anonymous.get(path)
        assert answer.status_code == 200
        assert "X-RateLimit-Limit" not in answer


def test_no_limits_no_headers(api, limits):
    limits()
    assert "X-RateLimit-Limit" not in api.get("auth/me")


def test_reads_go_on_while_valkey_is_away(api, limits, valkey_is_away):
    limits(signed_in="1/m")
    assert [api.get("auth/me").status_code for _ in range(3)] == [200, 200, 200]


def test_sign_in_does_not(anonymous, db, valkey_is_away):
    refused = anonymous.post("/api/auth/token", {"grantType": "password", "username": "a", "password": "b"})
    assert refused.status_code == 503


class TestAddresses:
    @pytest.fixture(autouse=True)
    def proxies(self, settings):
        settings.TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]

    @pytest.mark.parametrize(
        ("peer", "forwarded", "found"),
        [
            ("203.0.113.5", "", "203.0.113.5"),
            ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
            ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
            ("10.1.1.1", "1.2.3.4, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
            ("10.1.1.1", "1.2.3.4, nonsense, 10.2.2.2", "10.2.2.2"),
            ("10.1.1.1", "", "10.1.1.1"),
            ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:10.1.1.1", "198.51.100.1:51234", "198.51.100.1"),
            ("", "198.51.100.1", None),
        ],
    )
    def test_only_a_trusted_proxy_is_believed(self, peer, forwarded, found):
        assert addresses.address_of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}) == found

    def test_without_proxies_nobody_is(self, settings):
        settings.TRUSTED_PROXIES = []
        assert (
            addresses.address_of({"REMOTE_ADDR": "10.1.1.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}) == "10.1.1.1"
        )

    def test_a_wrong_network_stops_the_start(self):
        with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
            addresses.check(["10.0.0.0/99"])

    def test_counts_and_audit_rows_follow_it(self, db, limits):
        limits(anonymous="1/m")
        client = ApiClient()
        client._client.defaults["REMOTE_ADDR"] = "10.1.1.1"
        codes = [
            client.get("auth/me", **{"X-Forwarded-For": a}).status_code
            for a in ("198.51.100.1", "198.51.100.2")
        ]
        assert codes == [401, 401]
        assert client.get("auth/me", **{"X-Forwarded-For": "198.51.100.2"}).status_code == 429


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", {}),
        ("on", {"a": "1/m", "b": "2/m"}),
        ("b=7/5m", {"a": "1/m", "b": "7/5m"}),
        ("*=9/h", {"a": "9/h", "b": "9/h"}),
    ],
)
def test_the_setting(monkeypatch, text, expected):
    monkeypatch.setenv("X_LIMITS", text)
    assert env.rates("X_LIMITS", {"a": "1/m", "b": "2/m"}) == expected


@pytest.mark.parametrize("text", ["many", "c=1/m", "a=0/m", "a=5/y"])
def test_a_wrong_setting_stops_the_start(monkeypatch, text):
    monkeypatch.setenv("X_LIMITS", text)
    with pytest.raises(ImproperlyConfigured, match="X_LIMITS"):
        env.rates("X_LIMITS", {"a": "1/m"})


def test_one_round_trip_counts():
    cache = caches["counters"]
    assert cache.add("k", 1, 60) is True
    assert cache.add("k", 1, 60) is False
    assert cache.incr("k") == 2
    assert cache.get("k") == 2
    assert 0 < cache._cache.get_client(None).ttl(cache.make_key("k")) <= 60


def test_a_connection_that_the_server_ended_is_replaced():
    counters = caches["counters"]
    key = f"ended-{time.monotonic_ns()}"
    assert counters.add(key, 1, 60)
    counters._cache.get_client(None, write=True).execute_command(
        "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"
    )
    assert not counters.add(key, 1, 60)
    assert counters.incr(key) == 2
