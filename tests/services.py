"""Pytest plugin: PostgreSQL and Valkey for one test run, there before Django's settings are read.

Loaded by `-p tests.services` (pyproject.toml), so that plain `pytest tests/x` has them too. They run in a process of
their own that ends when its standard input closes: also a killed pytest leaves nothing behind. `DATABASE_URL` and
`REDIS_URL` name servers to use instead. Every xdist worker has its own database (pytest-django's `_gwN`) and its own
Valkey database number.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

# One fixed world for every run: what the developer has set for `make run` must not reach a test.
SETTINGS = {
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
    "ENCRYPTION_KEYS": "tests:" + "A" * 43 + "=",
    "ENVIRONMENT": "development",
    "DEBUG": "false",
    # Nobody listens there: a test that needs a gateway starts one and says so.
    "LITELLM_API_URL": "http://127.0.0.1:9",
    "LITELLM_API_KEY": "sk-only-for-tests",
}
LEFT_TO_DEFAULTS = (
    *(
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "CORS_ORIGINS",
        "PUBLIC_URL",
        "LITELLM_PUBLIC_URL",
        "STATIC_ROOT",
    ),
    *("BACKUP_DIR", "BACKUP_KEEP_DAYS", "GATEWAY_DATABASE_URL", "PG_BIN", "METRICS_DIR", "METRICS_TOKEN"),
    *("DEMO", "DEMO_PASSWORD", "LOG_LEVEL", "REPORTING_TIME_ZONE", "PORT", "GATEWAY_PORT"),
)


class Services:
    """The process that runs the servers, and the settings that lead to them."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "litemaas.stack", "services"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=os.getcwd(),
            start_new_session=True,
        )
        told = self._process.stdout.readline() if self._process.stdout else ""
        if not told:
            raise pytest.UsageError("The test services did not start; the reason is above.")
        self.environment: dict[str, str] = json.loads(told)

    def stop(self) -> None:
        self._process.communicate()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """As a wrapper it comes before pytest-django's own hook, which imports the settings."""
    for name in LEFT_TO_DEFAULTS:
        os.environ.pop(name, None)
    os.environ.update(SETTINGS)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = redis_url_of(worker)
    else:
        services = Services()
        atexit.register(services.stop)
        os.environ.update(services.environment)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "real_gateway: also runs against the gateway named by LITELLM_TEST_URL"
    )


def redis_url_of(worker: str) -> str:
    """The address for xdist worker `gwN`: database number N + 1 of the controller's server."""
    server, _, _ = os.environ["REDIS_URL"].rpartition("/")
    return f"{server}/{int(worker.removeprefix('gw')) + 1}"
