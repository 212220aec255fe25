"""PostgreSQL itself is restarted, the hard way, while calls are being copied into it: nothing is lost, nothing doubled.

A server of its own with the schema of the test database, since the tests share theirs.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, InterfaceError, connection, connections
from django.utils import timezone

from litemaas.stack.postgres import DATABASE, ROLE, Cluster, binaries
from tests.usage.test_killed_workers import counted
from tests.usage.test_push_usage import event
from usage import ledger, spool
from usage.models import UsageBatch

CALLS, BATCHES = 40, 3
PATIENCE = 60.0


class Server:
    """`restart` is what `pg_ctl restart -m immediate` does: it sends QUIT to the server and starts it anew."""

    def __init__(self, folder: Path) -> None:
        (folder / "sockets").mkdir()
        # As in production: what was acknowledged is on disk.
        self.cluster = Cluster(folder / "data", folder / "sockets", "only-for-this-test", lasting=True)
        self.cluster.prepare()
        self.start()

    def start(self) -> None:
        service = self.cluster.service()
        self.process = subprocess.Popen(
            service.identity.command(service.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **service.identity.popen_arguments,
        )
        until = time.monotonic() + PATIENCE
        while not (service.ready and service.ready(self.process.pid)):
            assert self.process.poll() is None, "the server did not start"
            assert time.monotonic() < until, "the server is not ready"
            time.sleep(0.02)

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def restart(self) -> None:
        self.stop(signal.SIGQUIT)
        self.start()

    def load(self, schema: str) -> None:
        self.cluster.create_database()
        _program("psql", "-q", "-1", "-d", DATABASE, settings=self.settings, text=schema)

    @property
    def settings(self) -> dict[str, str]:
        place = {"HOST": str(self.cluster.sockets), "PORT": "5432", "NAME": DATABASE}
        return {**place, "USER": ROLE, "PASSWORD": self.cluster.password}


def _program(name: str, *arguments: str, settings: dict, text: str = "") -> str:
    where = ["-h", settings["HOST"], "-p", str(settings["PORT"] or "5432"), "-U", settings["USER"], "-w"]
    done = subprocess.run(
        [str(binaries() / name), *where, *arguments],
        env={**os.environ, "PGPASSWORD": settings["PASSWORD"]},
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def server(transactional_db) -> Iterator[Server]:
    schema = _program(
        "pg_dump",
        "--schema-only",
        "--no-owner",
        connection.settings_dict["NAME"],
        settings=connection.settings_dict,
    )
    # A socket's name has to be short.
    folder = Path(tempfile.mkdtemp(prefix="lm-"))
    found = Server(folder)
    try:
        found.load(schema)
        yield found
    finally:
        if found.process.poll() is None:
            found.stop(signal.SIGINT)
        shutil.rmtree(folder)


def _book(settings: dict[str, str], told: int, heard: int) -> None:
    """In a process of its own: keep events, begin to book them, lose the server in the middle, book them again."""
    connection.settings_dict.update(settings)
    now = timezone.now()
    for batch in range(BATCHES):
        events = [event(batch * CALLS + n) for n in range(CALLS)]
        spool.keep_events(json.dumps(events).encode(), now=now)
    line, copied = ledger._line, iter(range(10**6))

    def waiting(found, number):
        if next(copied) == CALLS:
            os.write(told, b"copying\n")
            os.read(heard, 1)
        return line(found, number)

    ledger._line = waiting
    try:
        spool.book_events(now)
        os.write(told, b"nothing happened\n")
    except (DatabaseError, InterfaceError):
        os.write(told, b"lost the server\n")
    ledger._line = line
    os.read(heard, 1)
    connection.close()
    before = UsageBatch.objects.count(), sorted(counted())
    # A batch that failed is tried again after some seconds.
    spool.book_events(now + timedelta(minutes=5))
    after = UsageBatch.objects.count(), sorted(counted())
    os.write(told, json.dumps([before, after]).encode() + b"\n")


def _told(settings: dict[str, str], told: int, heard: int) -> None:
    try:
        _book(settings, told, heard)
    except BaseException:  # noqa: BLE001 - whatever it is, only the other process can tell it
        os.write(told, repr(traceback.format_exc()).encode() + b"\n")


def test_a_restart_in_the_middle_of_a_copy_loses_nothing_and_doubles_nothing(server, monkeypatch):
    monkeypatch.setattr(spool, "_hurry", lambda: None)
    connections.close_all()
    (telling, told), (heard, hearing) = _pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        # A browser's test leaves its event loop in the main thread, and with it a second set of connections.
        work = threading.Thread(target=_told, args=(server.settings, told, heard))
        work.start()
        work.join()
        os._exit(0)
    os.close(told)
    try:
        assert telling.readline() == "copying\n"
        server.restart()
        os.write(hearing, b".")
        assert telling.readline() == "lost the server\n"
        os.write(hearing, b".")
        before, after = json.loads(telling.read())
    finally:
        # Where something went wrong it waits for a word that never comes.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        telling.close()
    assert before == [BATCHES, [0]]
    assert after == [0, [BATCHES * CALLS]]


def _pipe():
    reading, writing = os.pipe()
    return os.fdopen(reading), writing
