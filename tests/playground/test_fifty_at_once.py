"""The web server as production runs it: many people listen to slow models, and nobody else notices."""

import json
import os
import socket
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection
from django.utils import timezone

from accounts.tokens import issue_tokens
from apikeys.services import issue_api_key
from litellm_sync.client import forget_gateway
from litellm_sync.simulated import SimulatedGateway
from litemaas.stack.plan import web_command
from litemaas.stack.ports import free_port
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory
from tests.playground.conftest import CHAT
from tests.stack.programs import eventually

pytestmark = pytest.mark.django_db(transaction=True)
LISTENERS, EACH = 50, 8
ADDRESS = "/api/v1/playground/chat/completions"


class Listener:
    """Somebody with a token and a key."""

    def __init__(self, url, user, key):
        self.url = url
        self.headers = {
            "Authorization": f"Bearer {issue_tokens(user, signed_in_at=timezone.now())['access_token']}"
        }
        self.key = key

    def body(self, words):
        return {"apiKeyId": str(self.key), "model": CHAT, "messages": [{"role": "user", "content": words}]}

    def listen(self, words, **more):
        """Seconds at which parts came, and the text of all."""
        times, parts = [], []
        with requests.post(
            self.url + ADDRESS,
            json={**self.body(words), **more},
            headers=self.headers,
            stream=True,
            timeout=60,
        ) as answer:
            assert answer.status_code == 200, answer.text
            for part in answer.iter_content(None):
                times.append(time.monotonic())
                parts.append(part)
        return times, b"".join(parts).decode()

    def me(self):
        began = time.monotonic()
        assert requests.get(f"{self.url}/api/v1/auth/me", headers=self.headers, timeout=30).status_code == 200
        return time.monotonic() - began


@pytest.fixture(scope="module")
def model_server():
    with SimulatedGateway() as simulated:
        yield simulated


@pytest.fixture(scope="module")
def portal(model_server, django_db_setup, django_db_blocker):
    """The address of a web server on this test run's database."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    with django_db_blocker.unblock():
        database = _database_url()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "LITELLM_API_URL": model_server.url,
        "RATE_LIMITS": "off",
        "PYTHONWARNINGS": "ignore",
    }
    server = subprocess.Popen(web_command(port), env=environment, start_new_session=True)
    try:
        assert eventually(lambda: _is_up(url), within=90)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def scene(portal, model_server, settings, drain):
    """Enough people with keys."""
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = model_server.url, model_server.master_key
    forget_gateway()
    model_server.reset()
    model = ModelFactory(id=CHAT)
    people = []
    for _ in range(-(-LISTENERS // EACH)):
        user = UserFactory()
        SubscriptionFactory(user=user, model=model)
        people.append(
            (user, issue_api_key(actor=user, name="k", model_ids=[CHAT], now=timezone.now()).key.pk)
        )
    drain()
    yield [Listener(portal, user, key) for user, key in people]
    forget_gateway()


def _database_url():
    """Of the database of this test run's worker."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def _is_up(url):
    try:
        return requests.get(f"{url}/api/v1/health/live", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def test_fifty_listen_and_the_others_are_served(scene, model_server, record_property):
    model_server.faults.add("pace", "/v1/chat/completions", seconds=0.1)
    words = "word " * 75  # about thirty chunks: three seconds
    alone = statistics.median(scene[0].me() for _ in range(10))
    with ThreadPoolExecutor(LISTENERS) as pool:
        streams = [pool.submit(scene[i % len(scene)].listen, words) for i in range(LISTENERS)]
        assert eventually(lambda: len(model_server.calls) >= LISTENERS + 1, within=20)
        waits = [scene[0].me() for _ in range(20)]
        assert not any(stream.done() for stream in streams)
        for stream in streams:
            _times, text = stream.result(60)
            assert text.endswith("data: [DONE]\n\n")
            assert json.loads(text.split("\n\n")[-3][6:])["litemaas"]["totalTokens"] > 0
    connections = _connections()
    record_property(
        "told",
        f"auth/me took {1000 * alone:.0f} ms alone and {1000 * statistics.median(waits):.0f} ms beside "
        f"{LISTENERS} streams; {connections} connections to the database",
    )
    # With four threads the fifth stream would have waited three seconds, and whoever came then.
    assert statistics.median(waits) < 1.0
    # Turns have connections, listeners have none; one is this test's.
    assert connections <= 2 * 4 + 1


def _connections():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def called(listener, *, stream=True):
    """A connection that has sent a chat and read nothing."""
    place = urlsplit(listener.url)
    content = json.dumps({**listener.body("word " * 200), "stream": stream}).encode()
    head = (
        f"POST {ADDRESS} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {listener.headers['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nAccept: text/event-stream\r\n\r\n"
    )
    caller = socket.create_connection((place.hostname, place.port), timeout=20)
    caller.sendall(head.encode() + content)
    return caller


def test_hanging_up_before_the_first_byte_ends_the_call(scene, model_server):
    model_server.faults.add("hang", "/v1/chat/completions")
    before = model_server.connections
    callers = [called(scene[0], stream=number % 2 == 0) for number in range(EACH)]
    assert eventually(lambda: model_server.connections == before + EACH, within=20)
    began = time.monotonic()
    for caller in callers:
        caller.close()
    assert eventually(lambda: model_server.connections == before, within=20)
    took = time.monotonic() - began
    # A little more than a second, for the sake of a busy machine.
    assert took < 2, took
    model_server.faults.clear()
    # Their places are free again, or some of these would be refused.
    with ThreadPoolExecutor(EACH) as pool:
        assert all(text.endswith("[DONE]\n\n") for _, text in pool.map(scene[0].listen, ["Hello"] * EACH))


def test_hanging_up_ends_the_call_also_while_the_model_thinks(scene, model_server):
    model_server.faults.add("pace", "/v1/chat/completions", seconds=30)
    with called(scene[0]) as caller:
        assert b"200 OK" in caller.recv(65536)
        assert not model_server.state.ledger.rows
    # The next chunk is half a minute away. The pulse shows that nobody is there.
    assert eventually(lambda: model_server.state.ledger.rows, within=10)
