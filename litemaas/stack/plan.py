"""What `make run` starts, and with which settings."""

import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from litemaas.stack import ports
from litemaas.stack.backing import Backing, backing, given
from litemaas.stack.credentials import Credentials
from litemaas.stack.layout import PROJECT, Layout
from litemaas.stack.service import Service

_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Plan:
    """The stack of one run: our own servers, and the processes that use them."""

    layout: Layout
    backing: Backing
    port: int
    gateway_port: int

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def is_demo(self) -> bool:
        """Demo users belong to the embedded database only, never to one that the user brought."""
        return self.backing.cluster is not None

    @property
    def simulates_gateway(self) -> bool:
        return not given("LITELLM_API_URL")

    @property
    def demo_password(self) -> str:
        return os.environ.get("DEMO_PASSWORD") or Credentials(self.layout.secrets).demo

    def check_ports(self) -> None:
        """Raises StackError when one of our addresses is taken."""
        ports.require_free(self.port, "PORT", "the portal")
        if self.simulates_gateway:
            ports.require_free(self.gateway_port, "GATEWAY_PORT", "the simulated gateway")

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment, completed by what he has left to us."""
        offered = {**self._defaults, **self.backing.environment}
        return {**os.environ, **{name: value for name, value in offered.items() if not given(name)}}

    @property
    def _defaults(self) -> dict[str, str]:
        credentials = Credentials(self.layout.secrets)
        found = {
            "SECRET_KEY": credentials.secret_key,
            "ENCRYPTION_KEYS": credentials.encryption_keys,
            "ENVIRONMENT": "development",
            "PUBLIC_URL": self.url,
            "METRICS_DIR": str(self.layout.metrics),
            "BACKUP_DIR": str(self.layout.backups),
            "PYTHONUNBUFFERED": "1",
            # Celery's: the embedded default is started by root only where everything belongs to root anyway.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            "DJANGO_SETTINGS_MODULE": "litemaas.settings",
        }
        if self.simulates_gateway:
            found["LITELLM_API_URL"] = f"http://{ports.HOST}:{self.gateway_port}"
            found["LITELLM_API_KEY"] = credentials.gateway
            found["GATEWAY_EVENTS_TOKEN"] = credentials.gateway_events
        if self.is_demo:
            found["DEMO"] = "true"
            found["DEMO_PASSWORD"] = self.demo_password
        return found

    def gateway(self) -> list[Service]:
        """The simulated gateway, when none is configured."""
        if not self.simulates_gateway:
            return []
        where = ("--host", ports.HOST, "--port", str(self.gateway_port))
        state = self.layout.var / "gateway.sqlite3"
        command = [sys.executable, "-m", "litellm_sync.simulated", *where, "--state", str(state)]
        # Secrets go by the environment: arguments are there for every user of the machine to list.
        settings = {
            **os.environ,
            "LITELLM_MASTER_KEY": Credentials(self.layout.secrets).gateway,
            "PUSH_URL": f"{self.url}/api/v1/gateway/events",
            "PUSH_TOKEN": self.environment["GATEWAY_EVENTS_TOKEN"],
        }
        address = f"http://{ports.HOST}:{self.gateway_port}/health/liveliness"
        return [Service("gateway", command, settings, ready=lambda _pid: _answers(address))]

    def setup(self) -> Service:
        return self._ours("setup", sys.executable, "-m", "litemaas.stack.preparation", "database")

    def static_files(self) -> Service:
        return self._ours("static", sys.executable, "-m", "litemaas.stack.preparation", "static")

    def web(self) -> Service:
        # Counts of processes that are no more would be added to those of the new ones.
        for old in self.layout.metrics.glob("*.db"):
            old.unlink()
        address = f"{self.url}/api/v1/health/live"
        return self._ours("web", *web_command(self.port), ready_at=address)

    def worker(self) -> Service:
        """Processes rather than threads: only they obey the time limits of tasks."""
        shape = ("--pool", "prefork", "--concurrency", "2", "--prefetch-multiplier", "1")
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "INFO")
        return self._ours("worker", *_CELERY, "worker", *shape, *quiet, ready_line=r"celery@\S+ ready")

    def beat(self) -> Service:
        """A process of its own: inside the worker, nobody would notice its end."""
        schedule = self.layout.run / "beat-schedule"
        return self._ours(
            "beat", *_CELERY, "beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "INFO"
        )

    def _ours(
        self, name: str, *command: str, ready_at: str | None = None, ready_line: str | None = None
    ) -> Service:
        ready = (lambda _pid: _answers(ready_at)) if ready_at else None
        return Service(name, list(command), self.environment, ready=ready, ready_line=ready_line)


def planned(layout: Layout) -> Plan:
    """The plan that the environment asks for. Raises StackError for a setting that makes no sense."""
    return Plan(
        layout,
        backing(layout),
        port=ports.chosen_port("PORT", os.environ.get("PORT") or "8000"),
        gateway_port=ports.chosen_port("GATEWAY_PORT", os.environ.get("GATEWAY_PORT") or "4000"),
    )


def web_command(port: int) -> list[str]:
    """The web server as production runs it, on the loopback address."""
    # Few of the threads run at a time (litemaas/turns.py); most of them are for people who listen to a model.
    streams = os.environ.get("PLAYGROUND_STREAMS", "")
    threads = (int(streams) if streams.isdigit() else 50) + 14
    where = ("--host", ports.HOST, "--port", str(port))
    shape = ("--workers", "2", "--blocking-threads", str(threads))
    care = ("--respawn-failed-workers", "--workers-kill-timeout", "5")
    # Below an error it tells of its start, and that so many threads are unusual.
    application = ("--interface", "wsgi", "--no-ws", "--log-level", "error", "litemaas.wsgi:application")
    return [_program("granian"), *where, *shape, *care, *application]


def _program(name: str) -> str:
    return str(_PROGRAMS / name)


_CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "litemaas.celery", "--workdir", str(PROJECT))


def _answers(address: str) -> bool:
    """Whether a server answers there at all; what it answers is not our question."""
    try:
        with urllib.request.urlopen(address, timeout=2.0):  # noqa: S310  a loopback address of our own
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
