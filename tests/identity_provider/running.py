"""Fetches the provider's packages when they are not there, runs it, and lets a test stage what it does."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent.parent
STAMP = FOLDER / "node_modules" / "installed-from"
AT_THE_START = {
    "people": {},
    "fault": "",
    "dead": False,
    "drip": False,
    "rotate": True,
    "endings": [],
    "refresh": True,
}


@dataclass
class IdentityProvider:
    """One of the two. Its `client` and `secret` are ours there."""

    url: str
    client: str
    secret: str

    def stage(self, **wish: Any) -> None:
        """`people` (login name → claims), `now` (of these, what changes at once), `redirects`, `endings`, `fault`, …"""
        requests.post(f"{self.url}/-/stage", json=wish, timeout=5).raise_for_status()

    def as_setting(self, slug: str, **more: Any) -> dict[str, Any]:
        return {
            "id": slug,
            "name": slug.title(),
            "issuer": self.url,
            "clientId": self.client,
            "clientSecret": self.secret,
            "scopes": "openid profile email groups",
            **more,
        }


class Providers:
    """The program with both of them."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            ["node", "server.mjs"],
            cwd=FOLDER,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        told = json.loads(self._process.stdout.readline())
        self.both = [IdentityProvider(url, told["client"], told["secret"]) for url in told["urls"]]

    def staged(self, *wishes: dict[str, Any]) -> list[IdentityProvider]:
        """Both, staged anew. A program that does not answer any more is replaced: it is not what is tested."""
        try:
            self._stage(wishes)
        except requests.RequestException:
            self.stop()
            self._start()
            self._stage(wishes)
        return self.both

    def _stage(self, wishes: tuple[dict[str, Any], ...]) -> None:
        for provider, wish in zip(self.both, wishes, strict=True):
            provider.stage(**wish)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def running() -> Iterator[Providers]:
    sys.path.insert(0, str(PROJECT / "frontend"))
    import assets

    with assets.node_environment(Path(sys.executable)) as environment:
        _fetch(environment)
        providers = Providers(environment)
        try:
            yield providers
        finally:
            providers.stop()


def _fetch(environment: dict[str, str]) -> None:
    """`npm ci` unless what is there comes from this very lock file. Two test workers at once: one of them fetches."""
    wanted = (FOLDER / "package-lock.json").read_text()
    with open(FOLDER / "package.json") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        shutil.copy(PROJECT / ".npmrc", FOLDER / ".npmrc")
        subprocess.run(
            ["npm", "ci", "--ignore-scripts"], cwd=FOLDER, env=environment, check=True, capture_output=True
        )
        STAMP.write_text(wanted)
