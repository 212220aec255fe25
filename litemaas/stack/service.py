"""One process of the stack: how it is started, when it is ready, how it is stopped."""

import os
import re
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, cast

from litemaas.stack.unprivileged import AS_WE_ARE, Identity

_SECONDS_UP_TO_COUNT_AS_HEALTHY = 30.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Service:
    """What to run. Ready when `ready` (told the process number) is true, else on `ready_line`, else at once."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[int], bool] | None = None
    ready_line: str | None = None
    ready_within: float = 120.0  # a patience for very slow machines, not a goal
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    identity: Identity = AS_WE_ARE


class Child:
    """A started service, in a session of its own: a Ctrl-C meant for the supervisor does not reach it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.failures = 0
        self.said_ready = False
        self.last_lines: deque[str] = deque(maxlen=15)
        self._rest = b""
        self.start()

    def start(self) -> None:
        """Start the process, again if it has ended. Raises OSError when the program can't be run."""
        self.said_ready = False
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.service.identity.command(self.service.command),
            env=dict(self.service.environment) or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **self.service.identity.popen_arguments,
        )
        os.set_blocking(self.output.fileno(), False)

    @property
    def output(self) -> IO[bytes]:
        return cast(IO[bytes], self.process.stdout)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        if not self.is_running:
            return False
        if self.service.ready is not None:
            return self.service.ready(self.process.pid)
        return self.said_ready or self.service.ready_line is None

    def new_lines(self) -> list[str] | None:
        """The whole lines said since the last call; None when the process has closed its output."""
        try:
            read = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return []
        if not read:
            rest, self._rest = self._rest, b""
            return self._noted([rest]) if rest else None
        *whole, self._rest = (self._rest + read).split(b"\n")
        return self._noted(whole)

    def pause_before_restart(self) -> float:
        """Seconds to wait: 0.5, 1, 2 … 30, from the start again after it has been up for a while."""
        if time.monotonic() - self.started_at > _SECONDS_UP_TO_COUNT_AS_HEALTHY:
            self.failures = 0
        self.failures += 1
        return float(min(0.5 * 2 ** (self.failures - 1), _LONGEST_PAUSE))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, or for KILL to its whole group."""
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            elif self.is_running:
                self.process.send_signal(number)
        except ProcessLookupError:
            return

    def _noted(self, lines: list[bytes]) -> list[str]:
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        self.last_lines.extend(texts)
        if self.service.ready_line and any(re.search(self.service.ready_line, text) for text in texts):
            self.said_ready = True
        return texts
