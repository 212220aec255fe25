"""Runs the provider, and lets a test stage what it does."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.node_packages import fetched

FOLDER = Path(__file__).resolve().parent
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
    with fetched(FOLDER) as environment:
        providers = Providers(environment)
        try:
            yield providers
        finally:
            providers.stop()
