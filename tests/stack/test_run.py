"""`make run` as a whole: everything comes up, can be used, and goes again."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from litemaas.stack.ports import free_port
from tests.stack.programs import (
    PROJECT,
    bare_environment,
    eventually,
    is_running,
    noted_processes,
    read_until,
    stack,
)


class Run:
    """One running stack, with what it said until it was ready."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.settings = {
            "LITEMAAS_VAR": str(folder / "var"),
            "STATIC_ROOT": str(folder / "static"),
            "PORT": self.url.rpartition(":")[2],
            "GATEWAY_PORT": str(free_port()),
            "DEMO_PASSWORD": "a-password-for-the-demo",
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "litemaas.stack", "run"],
            env={**bare_environment(), **self.settings},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = read_until(self.process, "Stop with Ctrl-C.")
        # The beat comes last, and says nothing.
        assert eventually(lambda: len(noted_processes(self.folder)) == 6, within=60)

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        return said

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return stack(*arguments, environment=self.settings, var=self.folder / "var")

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    started = Run(tmp_path_factory.mktemp("run"))
    yield started
    if started.process.poll() is None:
        started.stop()


def test_it_runs_is_used_and_leaves_nothing(run: Run) -> None:
    assert re.search(rf"LiteMaaS is ready after [\d.]+ s:  {run.url}\n", run.said)
    assert re.search(r"\n  auditor  a-password-for-the-demo   \(administrator, read-only\)\n", run.said)
    assert run.get("/api/v1/health/ready")[0] == 200
    assert "vendor/patternfly/patternfly.min" in run.get("/login")[1]

    second = run.command("run")
    assert second.returncode == 1
    assert f"LiteMaaS already runs (process {run.process.pid}) at {run.url}." in second.stderr
    counted = (
        "from accounts.models import User; print('users:', User.objects.filter(username='auditor').count())"
    )
    assert "users: 1" in run.command("manage", "shell", "--command", counted).stdout
    reset = run.command("reset")
    assert reset.returncode == 1
    assert "already runs" in reset.stderr

    pids = noted_processes(run.folder)
    assert len(pids) == 6
    secrets = json.loads((run.folder / "var/run/stack.json").read_text())["environment"]
    arguments = [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids]
    for name in (
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "LITELLM_API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "DEMO_PASSWORD",
    ):
        assert secrets[name] not in run.said.replace("  a-password-for-the-demo   ", "")
        assert not any(secrets[name] in argument for argument in arguments)

    run.stop()
    assert run.process.returncode == 0
    assert not any(is_running(pid) for pid in pids)

    run.start()
    assert "static   |" not in run.said, "the static files were collected again without a change"
    pids = noted_processes(run.folder)
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.communicate(timeout=60)
    assert eventually(lambda: not any(is_running(pid) for pid in pids), within=60)

    stopped = run.command("manage", "shell", "--command", counted)
    assert "users: 1" in stopped.stdout, stopped.stderr
