"""The supervisor's side of the watchdog: keeps one running and tells it what was started."""

import subprocess
import sys
from pathlib import Path

from litemaas.stack import watchdog
from litemaas.stack.leftovers import Leftovers
from litemaas.stack.service import Child


class Guard:
    """`inherited` is the descriptor of the stack's lock, which the watchdog holds too until it is done."""

    def __init__(self, notes: Path, inherited: int) -> None:
        self._leftovers = Leftovers(notes)
        self._inherited = inherited
        self._running: dict[int, tuple[int, float]] = {}
        self._watchdog = self._start()

    def started(self, child: Child) -> None:
        service = child.service
        self._running[child.process.pid] = (int(service.stop_signal), service.grace)
        self._say(f"+ {child.process.pid} {int(service.stop_signal)} {service.grace}")
        self._leftovers.note(self._running)

    def ended(self, child: Child) -> None:
        if self._running.pop(child.process.pid, None):
            self._say(f"- {child.process.pid}")
            self._leftovers.note(self._running)

    def ensure(self) -> bool:
        """Start the watchdog again if somebody has killed it, and tell it all; whether that was needed."""
        if self._watchdog.poll() is None:
            return False
        self._watchdog = self._start()
        for pid, (number, grace) in self._running.items():
            self._say(f"+ {pid} {number} {grace}")
        return True

    def dismiss(self) -> None:
        """Nothing is left to watch."""
        self._watchdog.communicate()
        self._leftovers.clear()

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=(self._inherited,),
        )

    def _say(self, line: str) -> None:
        try:
            print(line, file=self._watchdog.stdin, flush=True)
        except BrokenPipeError:  # killed by somebody: the new one is told everything
            self.ensure()
