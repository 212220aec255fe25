"""PostgreSQL and Valkey are restarted while people work: clean answers, nothing acknowledged is lost, nothing doubled."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from litellm_sync.simulated import SimulatedGateway
from litemaas.stack.layout import Layout
from litemaas.stack.ports import free_port
from litemaas.stack.postgres import Cluster
from litemaas.stack.service import Service
from litemaas.stack.valkey import Valkey
from tests.services import SETTINGS
from tests.stack.programs import PROJECT, bare_environment, eventually

PROGRAMS = Path(sys.executable).parent
PEOPLE = 3
SEED = f"""
import json
from django.utils import timezone
from accounts.tokens import issue_tokens
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory
model = ModelFactory(id="gpt-4o-mini")
people = [UserFactory() for _ in range({PEOPLE})]
for person in people: SubscriptionFactory(user=person, model=model)
print(json.dumps([issue_tokens(p, signed_in_at=timezone.now())["access_token"] for p in people]))
"""


class Server:
    """A server that can be stopped and started again on the same data."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.start()

    def start(self) -> None:
        self._launch()
        assert eventually(self._is_up)

    def _launch(self) -> None:
        self.process = subprocess.Popen(
            self.service.identity.command(self.service.command),
            env=dict(self.service.environment) or None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self.service.identity.popen_arguments,
        )

    def _is_up(self) -> bool:
        """After a kill PostgreSQL refuses to start while a process of its former life still ends."""
        if self.process.poll() is not None:
            self._launch()
        assert self.service.ready is not None
        return self.service.ready(self.process.pid)

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=30)

    def restart(self, how: signal.Signals) -> None:
        self.stop(how)
        self.start()


class Installation:
    """A portal with servers of its own, and the simulated gateway."""

    def __init__(self, folder: Path, gateway: SimulatedGateway) -> None:
        layout = Layout(folder)
        cluster = Cluster(layout.postgres, layout.sockets, "only-for-this-test")
        cluster.prepare()
        valkey = Valkey(layout.valkey, layout.run / "valkey.conf", free_port(), "only-for-this-test")
        self._running = ExitStack()
        self.database = self._server(cluster.service(), signal.SIGINT)
        self.valkey = self._server(valkey.service(), signal.SIGTERM)
        cluster.create_database()
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **bare_environment(),
            **SETTINGS,
            "DATABASE_URL": cluster.url,
            "REDIS_URL": valkey.url,
            "LITELLM_API_URL": gateway.url,
            "LITELLM_API_KEY": gateway.master_key,
            "MAX_ACTIVE_KEYS_PER_USER": "1000",
            "RATE_LIMITS": "off",
            "STATIC_ROOT": str(folder / "static"),
            "DJANGO_SETTINGS_MODULE": "litemaas.settings",
            "PYTHONWARNINGS": "ignore",
        }

    def _server(self, service: Service, how: signal.Signals) -> Server:
        server = Server(service)
        self._running.callback(lambda: server.stop(how))
        return server

    def start(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.tokens: list[str] = json.loads(self.manage("shell", "--verbosity", "0", "--command", SEED))
        where = ("--host", "127.0.0.1", "--port", self.url.rpartition(":")[2])
        shape = ("--interface", "wsgi", "--workers", "1", "--blocking-threads", "4", "--no-ws")
        self._program(str(PROGRAMS / "granian"), *where, *shape, "litemaas.wsgi:application")
        self._program(
            *(sys.executable, "-m", "celery", "--app", "litemaas.celery", "worker"),
            *("--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "ERROR"),
        )
        assert eventually(lambda: self.ask("GET", "/api/v1/health/ready")[0] == 200, within=60)

    def _program(self, *command: str) -> None:
        program = subprocess.Popen(
            command,
            env=self.environment,
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

        def stop() -> None:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()

        self._running.callback(stop)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, method: str, path: str, token: str = "", body: object = None, **headers: str):
        """Status and body; (None, reason) when nobody answers."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers},
        )
        if not token:
            request.remove_header("Authorization")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return None, str(error)

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[tuple[Installation, SimulatedGateway]]:
    with SimulatedGateway() as gateway:
        found = Installation(tmp_path / "var", gateway)
        try:
            found.start()
            yield found, gateway
        finally:
            found.stop()


class Load:
    """People who each make one key after the other and look at their list, until told to stop."""

    def __init__(self, portal: Installation) -> None:
        self._portal = portal
        self._changed = threading.Condition()
        self._is_over = False
        self.statuses: Counter[object] = Counter()
        self.bodies: set[str] = set()
        self.made: dict[str, set[str]] = {}
        self._threads = [threading.Thread(target=self._work, args=(token,)) for token in portal.tokens]
        for thread in self._threads:
            thread.start()

    def _work(self, token: str) -> None:
        while not self._is_over:
            # The same request again until it is answered, as a careful client does.
            once = uuid4().hex
            while not self._is_over:
                body = {"modelIds": ["gpt-4o-mini"], "name": once}
                status, answer = self._portal.ask(
                    "POST", "/api/v1/api-keys", token, body, **{"Idempotency-Key": once}
                )
                self._note(status, answer, once if status == 201 else None)
                if status == 201:
                    break
            self._note(*self._portal.ask("GET", "/api/v1/api-keys", token), None)

    def _note(self, status: object, answer, once: str | None) -> None:
        with self._changed:
            self.statuses[status] += 1
            if status not in {200, 201, 503}:
                self.bodies.add(str(answer)[:300])
            if once:
                self.made.setdefault(once, set()).add(answer["id"])
            self._changed.notify_all()

    def until_more(self, number: int) -> None:
        with self._changed:
            goal = len(self.made) + number
            assert self._changed.wait_for(lambda: len(self.made) >= goal, timeout=60), self.statuses

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_reason: object) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join()


def test_restarts_under_load_lose_and_double_nothing(installation) -> None:
    portal, gateway = installation
    with Load(portal) as load:
        load.until_more(6)
        portal.database.restart(signal.SIGINT)
        load.until_more(6)
        portal.database.restart(signal.SIGKILL)
        load.until_more(6)
        portal.valkey.restart(signal.SIGKILL)
        load.until_more(6)
    assert set(load.statuses) <= {200, 201, 503}, (load.statuses, load.bodies)

    listed = [
        row
        for token in portal.tokens
        for page in (1, 2)
        for row in portal.ask("GET", f"/api/v1/api-keys?limit=100&page={page}", token)[1]["data"]
    ]
    names = Counter(row["name"] for row in listed)
    assert set(names.values()) == {1}, "a request that was repeated made two keys"
    acknowledged = {next(iter(ids)) for ids in load.made.values() if len(ids) == 1}
    assert len(acknowledged) == len(load.made), "one request was answered with two keys"
    assert acknowledged <= {row["id"] for row in listed}, "a key that was acknowledged is gone"

    # The worker has found both again: what it is asked now it does, and what it missed the sweep does.
    victim = listed[0]
    for token in portal.tokens:
        portal.ask("DELETE", f"/api/v1/api-keys/{victim['id']}", token)
    aliases = f"portal-{victim['id']}"
    assert eventually(lambda: not any(k["key_alias"] == aliases for k in gateway.describe()["keys"]))
    portal.manage("shell", "--verbosity", "0", "--command", DRAIN)
    there = Counter(key["key_alias"] for key in gateway.describe()["keys"])
    assert there == Counter(f"portal-{row['id']}" for row in listed[1:])


DRAIN = """
from datetime import timedelta
from django.db.models import F
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
hour = timedelta(hours=1)
GatewayObject.objects.dirty().update(not_before=F("not_before") - hour, leased_until=F("leased_until") - hour)
outbox.drain()
"""
