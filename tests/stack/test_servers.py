"""The embedded PostgreSQL and Valkey, as `python -m litemaas.stack services` gives them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
import redis

from litemaas.stack.credentials import Credentials
from litemaas.stack.layout import Layout
from tests.stack.programs import PROJECT, eventually, is_running, noted_processes, read_until, supervise


class Servers:
    """A `services` process of this test's own."""

    def __init__(self) -> None:
        unset = {"DATABASE_URL", "REDIS_URL"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "litemaas.stack", "services"],
            env={name: value for name, value in os.environ.items() if name not in unset},
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        told = json.loads(self.process.stdout.readline()) if self.process.stdout else {}
        self.database, self.redis = told["DATABASE_URL"], told["REDIS_URL"]
        self.sockets = Path(unquote(urlsplit(self.database).hostname or ""))

    @property
    def folder(self) -> Path:
        return self.sockets.parent.parent

    def pids(self) -> list[int]:
        return [row[0] for row in json.loads((self.folder / "run/processes.json").read_text())]


@pytest.fixture
def servers() -> Iterator[Servers]:
    started = Servers()
    yield started
    started.process.communicate(timeout=30)


def test_the_database_is_ours_and_speaks_utf8(servers: Servers) -> None:
    with psycopg.connect(servers.database) as connection:
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
        version = connection.execute("show server_version_num").fetchone()
    assert version is not None
    assert int(version[0]) >= 180000


def test_the_database_listens_on_a_private_socket_only_and_wants_a_password(servers: Servers) -> None:
    assert stat.S_IMODE(servers.sockets.stat().st_mode) == 0o700
    with psycopg.connect(servers.database) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(servers.database, password="wrong")


def test_valkey_wants_a_password_and_shows_it_to_nobody(servers: Servers) -> None:
    with redis.Redis.from_url(servers.redis) as client:
        assert client.ping()
    address = urlsplit(servers.redis)
    with redis.Redis(port=address.port or 0) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert address.password is not None
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in servers.pids()]
    assert len(commands) == 2
    assert not any(address.password in command for command in commands)


def test_a_killed_database_comes_back_with_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    body = """
    from litemaas.stack.backing import backing
    servers = backing(session.layout)
    servers.start(session.supervisor)
    session.console.write("database at " + servers.environment["DATABASE_URL"])
    """
    process = supervise(tmp_path, body)
    url = read_until(process, "database at ").splitlines()[-1].partition("database at ")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (number int)")
        connection.execute("insert into kept values (7)")
    os.kill(noted_processes(tmp_path)[0], signal.SIGKILL)
    assert eventually(lambda: answer(url, "select number from kept") == 7)
    process.terminate()
    process.communicate(timeout=30)


def test_the_servers_and_their_folder_go_when_nobody_listens_any_more() -> None:
    servers = Servers()
    pids, folder = servers.pids(), servers.folder
    servers.process.communicate(timeout=30)
    assert servers.process.returncode == 0
    assert not any(is_running(pid) for pid in pids)
    assert not folder.exists()


def test_the_users_own_servers_are_used_where_they_are_named() -> None:
    settings = {**os.environ, "DATABASE_URL": "postgresql://me@db/mine", "REDIS_URL": "redis://cache/0"}
    done = subprocess.run([sys.executable, "-m", "litemaas.stack", "services"], env=settings, cwd=PROJECT,
                          input="", capture_output=True, text=True, check=True, timeout=30)  # fmt: skip
    assert json.loads(done.stdout) == {}


def test_credentials_stay_the_same_and_are_the_owners_only(tmp_path: Path) -> None:
    first, second = Credentials(tmp_path), Credentials(tmp_path)
    names = ("postgres", "valkey", "secret_key", "encryption_keys", "gateway", "demo")
    assert [getattr(first, name) for name in names] == [getattr(second, name) for name in names]
    assert len({getattr(first, name) for name in names}) == len(names)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_path_too_long_for_a_socket_gets_a_short_private_folder_instead(tmp_path: Path) -> None:
    layout = Layout(tmp_path / ("deep" * 30))
    sockets = layout.sockets
    assert len(os.fsencode(sockets)) < 60
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert layout.sockets == sockets
    layout.clean_sockets()
    assert not sockets.exists()


def answer(url: str, question: str) -> object:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute(question.encode()).fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None
