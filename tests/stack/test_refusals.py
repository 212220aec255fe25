"""What stands in the way is said in plain words. Every obstacle here is a real one."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from litemaas.stack.errors import StackError
from litemaas.stack.ports import chosen_port, require_free
from litemaas.stack.postgres import Cluster, binaries
from litemaas.stack.unprivileged import identity_for
from litemaas.stack.valkey import binary
from tests.stack.programs import PROJECT, bare_environment, read_until, stack, supervise

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="root drops its rights, others have none to drop")
with_namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False).returncode != 0,
    reason="user namespaces are refused here",
)


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A data folder that is nobody else's."""
    folder = tmp_path / "var"
    folder.mkdir()
    return folder


def test_a_port_that_is_taken_is_named_with_its_holder_and_the_way_out(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = stack("run", environment={"PORT": str(port)}, var=var)
    assert done.returncode == 1
    assert f"Port {port}, for the portal, is taken by " in done.stderr
    assert f"(process {os.getpid()})" in done.stderr
    assert f"`PORT={port + 10} make run`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_simulated_gateway_has_a_port_of_its_own(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings = {"GATEWAY_PORT": str(server.getsockname()[1]), "PORT": str(free.getsockname()[1])}
        free.close()
        done = stack("run", environment=settings, var=var)
    assert f"`GATEWAY_PORT={server_port(settings) + 10} make run`" in done.stderr


def server_port(settings: dict[str, str]) -> int:
    return int(settings["GATEWAY_PORT"])


@pytest.mark.parametrize("value", ["web", "0", "70000", "-1", "80 80"])
def test_a_port_that_is_no_port_is_refused(value: str) -> None:
    with pytest.raises(StackError, match="PORT must be a port number from 1 to 65535"):
        chosen_port("PORT", value)


def test_a_port_whose_connections_are_only_closing_counts_as_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()
        client.close()
    require_free(port, "PORT", "the portal")


def test_a_second_run_says_where_the_first_one_is(tmp_path: Path) -> None:
    body = """
    from litemaas.stack.lock import Running, announce
    import os
    announce(session.layout.run, Running(os.getpid(), "http://127.0.0.1:8123", {}))
    """
    first = supervise(tmp_path, body)
    read_until(first, "everything is up")
    second = supervise(tmp_path, "")
    said, _ = second.communicate(timeout=20)
    first.terminate()
    first.communicate(timeout=20)
    assert f"LiteMaaS already runs (process {first.pid}) at http://127.0.0.1:8123." in said
    assert f"`kill {first.pid}`" in said


@with_namespaces
def test_a_full_disk_is_said_to_be_full(var: Path) -> None:
    done = in_namespace(var, f"mount -t tmpfs -o size=50m none {var}", "run")
    assert done.returncode == 1
    assert re.search(r"The disk is full: \d+ MB are left for .*/var, and at least 300 MB", done.stderr)


@with_namespaces
def test_a_disk_that_fills_up_while_the_database_is_made_is_said_to_be_full(var: Path) -> None:
    done = in_namespace(var, f"mount -t tmpfs -o size=8m none {var}", "services", TMPDIR=f"{var}")
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr


@as_root
@with_namespaces
def test_root_without_user_namespaces_and_without_another_owner_gets_advice(var: Path) -> None:
    done = in_namespace(var, "echo 0 > /proc/sys/user/max_user_namespaces", "services")
    assert done.returncode == 1
    assert (
        "PostgreSQL does not run as root. A user namespace to drop root with was refused here" in done.stderr
    )
    assert "start LiteMaaS as an ordinary user" in done.stderr
    assert "DATABASE_URL" in done.stderr


@as_root
def test_root_without_user_namespaces_runs_it_as_the_owner_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "without-unshare"))
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n/usr/bin/id -u\n")
    program.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    data = tmp_path / "owned" / "data"
    data.parent.mkdir()
    os.chown(data.parent, 4321, 4321)
    identity = identity_for(data, program)
    ran = subprocess.run(identity.command([str(program)]), capture_output=True, text=True, check=True,
                         **identity.popen_arguments)  # fmt: skip
    assert ran.stdout == "4321\n"


@as_root
def test_root_is_seen_as_nobody_by_the_database_and_keeps_the_files(tmp_path: Path) -> None:
    identity = identity_for(tmp_path / "data", binaries() / "postgres")
    made = tmp_path / "file"
    subprocess.run(identity.command(["sh", "-c", f"id -u > {made}"]), check=True)
    assert made.read_text() == "65534\n"
    assert made.stat().st_uid == 0


def test_data_of_another_version_are_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StackError, match="were made by PostgreSQL 15, and 18 is installed"):
        Cluster(data, tmp_path, "password").prepare()


def test_reset_deletes_nothing_that_nobody_agreed_to(var: Path) -> None:
    (var / "data").touch()
    done = stack("reset", environment={}, var=var)
    assert done.returncode == 1
    assert "YES=1" in done.stderr
    assert (var / "data").exists()


def test_reset_deletes_the_data_when_told_to(var: Path) -> None:
    done = stack("reset", environment={"YES": "1"}, var=var)
    assert done.returncode == 0
    assert not var.exists()


def test_an_unknown_command_gets_the_list_of_commands(var: Path) -> None:
    done = stack("fly", environment={}, var=var)
    assert done.returncode == 2
    assert "run | services | manage" in done.stderr


def test_the_servers_come_with_the_packages() -> None:
    assert os.access(binary(), os.X_OK)
    assert os.access(binaries() / "initdb", os.X_OK)


def in_namespace(
    var: Path, first: str, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """The stack as root of a namespace of its own, after a command that takes something from it."""
    command = f"{first} && exec {sys.executable} -m litemaas.stack {' '.join(arguments)}"
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", command],
        env={**bare_environment(), "LITEMAAS_VAR": str(var), **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
