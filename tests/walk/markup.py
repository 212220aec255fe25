"""Whether HTML is valid, by html-validate: kept well, offline, and it knows what may stand in what."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.node_packages import fetched

FOLDER = Path(__file__).resolve().parent


class Validator:
    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["node", "validate.mjs"],
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def faults(self, html: str) -> list[str]:
        self._process.stdin.write(json.dumps({"html": html}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def validator() -> Iterator[Validator]:
    with fetched(FOLDER) as environment:
        started = Validator(environment)
        try:
            yield started
        finally:
            started.stop()
