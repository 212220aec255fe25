"""The servers of a run: a throw-away PostgreSQL and Valkey, and the portal as production runs it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from litemaas.stack.plan import web_command

_PATIENCE = 120.0
_SETTINGS = {
    "SECRET_KEY": "only-for-the-bench-" + "0123456789abcdef" * 4,
    "ENCRYPTION_KEYS": "bench:" + "A" * 43 + "=",
    "ENVIRONMENT": "production",
    "DEBUG": "false",
    "LOG_LEVEL": "WARNING",
    # Counted as in production, but nobody is stopped.
    "RATE_LIMITS": "*=100000000/m",
    # Nobody listens there: no read may ask the gateway.
    "LITELLM_API_URL": "http://127.0.0.1:9",
    "LITELLM_API_KEY": "sk-only-for-the-bench",
    "DJANGO_SETTINGS_MODULE": "litemaas.settings",
}


@contextmanager
def backing() -> Iterator[dict[str, str]]:
    """The settings that lead to a fresh PostgreSQL and Valkey; both end with the block."""
    command = [sys.executable, "-m", "litemaas.stack", "services"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        told = process.stdout.readline() if process.stdout else ""
        if not told:
            raise SystemExit("PostgreSQL and Valkey did not start; the reason is above.")
        yield {**_SETTINGS, **json.loads(told)}
    finally:
        process.communicate()


@dataclass(frozen=True)
class Web:
    url: str
    process: "subprocess.Popen[bytes]"

    def memory(self) -> float:
        """Resident memory of the server and its workers in MiB, shared pages counted once per process."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that the server and its workers have used so far."""
        return sum(_cpu_ticks(pid) for pid in _family(self.process.pid)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def web() -> Iterator[Web]:
    """Granian as production runs it."""
    port = free_port()
    process = subprocess.Popen(web_command(port), env=dict(os.environ), start_new_session=True)
    try:
        found = Web(f"http://127.0.0.1:{port}", process)
        _wait_until_ready(found)
        yield found
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(found: Web) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{found.url}/api/v1/health/live", timeout=2):  # noqa: S310  our own address
                return
        except (urllib.error.URLError, OSError):
            if found.process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit("The web server did not start; the reason is above.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(grandchild for child in children for grandchild in _family(int(child)))]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _cpu_ticks(pid: int) -> int:
    """User and system time: the 14th and 15th field; the second one may hold blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
