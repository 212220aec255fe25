"""Starts processes in order, prints what they say, restarts what fails, stops all in reverse order.

One thread and one selector: output, ended processes and signals are all events.
"""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from types import FrameType

from litemaas.stack.console import Console
from litemaas.stack.errors import StackError, StopRequested
from litemaas.stack.guard import Guard
from litemaas.stack.service import Child, Service

_BETWEEN_PROBES = 0.05
# One request may come as several signals: to the whole group, and again through make.
_ONE_REQUEST = 0.5
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Made by `session.supervised`, which stops everything at the end."""

    def __init__(self, console: Console, guard: Guard) -> None:
        self._console = console
        self._guard = guard
        self._children: list[Child] = []
        self._kept: set[Child] = set()
        self._restarts: dict[Child, float] = {}
        self._stop_asked_at: float | None = None
        self._is_impatient = False
        self._terminal_is_lent = False
        self._selector = selectors.DefaultSelector()
        self._listen_to_signals()

    def start(self, *services: Service) -> None:
        """Start these together, return when all are ready, and keep them running. Raises StackError."""
        children = [self._spawn(service) for service in services]
        for child in children:
            self._await_ready(child)
        self._kept.update(children)

    def begin(self, job: Service) -> Child:
        """Start a job that comes to an end by itself; see `finish`."""
        return self._spawn(job)

    def finish(self, *jobs: Child) -> None:
        """Wait for the jobs. Raises StackError for the first that failed."""
        self._turn_until(lambda: not any(job.is_running for job in jobs))
        for job in jobs:
            self._forget(job)
            if job.process.returncode != 0:
                raise StackError(_fell(job))

    def run_until_stopped(self) -> None:
        """Look after the processes until somebody asks for the stop."""
        self._turn_until(lambda: False)

    def run_until_closed(self, descriptor: int) -> None:
        """The same, and also end when the other end of `descriptor` is closed."""
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._turn_until(lambda: _is_closed(descriptor))

    def run_in_terminal(self, command: list[str], environment: dict[str, str]) -> int:
        """Lend the terminal to a command, Ctrl-C included; its exit code."""
        self._terminal_is_lent = True
        try:
            program = subprocess.Popen(command, env=environment)
            self._turn_until(lambda: program.poll() is not None)
        finally:
            self._terminal_is_lent = False
        return int(program.returncode)

    def stop(self) -> None:
        """Stop all, the last started first. A second Ctrl-C kills at once."""
        self._kept.clear()
        self._restarts.clear()
        for child in reversed(self._children[:]):
            self._stop(child)
        self._guard.dismiss()
        self._selector.close()

    def _listen_to_signals(self) -> None:
        """Every signal, SIGCHLD too, wakes the selector through a socket."""
        self._woken, waking = socket.socketpair()
        self._waking = waking
        for end in (self._woken, waking):
            end.setblocking(False)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in STOPPING:
            signal.signal(number, self._stop_was_asked)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def _stop_was_asked(self, number: int, _frame: FrameType | None) -> None:
        if self._terminal_is_lent and number == signal.SIGINT:
            return
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
        elif number == signal.SIGINT and now - self._stop_asked_at > _ONE_REQUEST:
            self._is_impatient = True

    def _spawn(self, service: Service) -> Child:
        try:
            child = Child(service)
        except OSError as error:
            raise StackError(f"{service.name} can't be started: {error}") from error
        self._children.append(child)
        self._attach(child)
        return child

    def _attach(self, child: Child) -> None:
        self._selector.register(child.output, selectors.EVENT_READ, child)
        self._guard.started(child)

    def _detach(self, child: Child) -> None:
        """Print the last lines, and end what the process itself left of its group."""
        child.signal(signal.SIGKILL)
        if child.output.closed:
            return
        self._print(child)
        self._unwatch(child)
        child.output.close()
        self._guard.ended(child)

    def _unwatch(self, child: Child) -> None:
        if child.output in self._selector.get_map():
            self._selector.unregister(child.output)

    def _forget(self, child: Child) -> None:
        self._detach(child)
        self._children.remove(child)

    def _await_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.service.ready_within
        while not child.is_ready:
            if not child.is_running:
                self._detach(child)
                raise StackError(_fell(child))
            if time.monotonic() > deadline:
                raise StackError(_slow(child))
            self._turn(_BETWEEN_PROBES)

    def _turn_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self._turn(self._until_next_restart())

    def _turn(self, timeout: float | None) -> None:
        """Wait for an event and deal with all that came. Raises StopRequested."""
        self._pump(timeout)
        if self._stop_asked_at is not None:
            raise StopRequested
        for child in [one for one in self._kept if not one.is_running and one not in self._restarts]:
            self._plan_restart(child)
        for child in [one for one, due in self._restarts.items() if due <= time.monotonic()]:
            self._restart(child)
        if self._guard.ensure():
            self._console.line("stack", "The watchdog was gone. Another one watches now.")

    def _pump(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            elif isinstance(key.data, Child):
                self._print(key.data)

    def _print(self, child: Child) -> None:
        while lines := child.new_lines():
            for line in lines:
                self._console.line(child.service.name, line)
        if lines is None:
            self._unwatch(child)

    def _until_next_restart(self) -> float | None:
        if not self._restarts:
            return None
        return max(0.0, min(self._restarts.values()) - time.monotonic())

    def _plan_restart(self, child: Child) -> None:
        self._detach(child)
        pause = child.pause_before_restart()
        self._restarts[child] = time.monotonic() + pause
        self._console.line("stack", f"{_ended(child)} It is started again in {pause:g} s.")

    def _restart(self, child: Child) -> None:
        del self._restarts[child]
        try:
            child.start()
        except OSError as error:
            self._restarts[child] = time.monotonic() + child.pause_before_restart()
            self._console.line("stack", f"{child.service.name} can't be started: {error}")
            return
        self._attach(child)

    def _stop(self, child: Child) -> None:
        child.signal(child.service.stop_signal)
        deadline = time.monotonic() + child.service.grace
        while child.is_running and time.monotonic() < deadline and not self._is_impatient:
            self._pump(_BETWEEN_PROBES)
        if child.is_running:
            self._console.line("stack", f"{child.service.name} did not stop in time and is killed.")
            child.signal(signal.SIGKILL)
            child.process.wait()
        self._forget(child)


def _is_closed(descriptor: int) -> bool:
    """Whether reading shows the end; what is there to read is of no interest."""
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 4096) == b""
    except BlockingIOError:
        return False


def _ended(child: Child) -> str:
    code = child.process.returncode
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{child.service.name} {how}."


def _fell(child: Child) -> str:
    said = "\n".join(f"  {line}" for line in child.last_lines)
    if "No space left on device" in said:
        return f"The disk is full: {child.service.name} could not write. Make room and start again."
    return f"{_ended(child)} It said last:\n{said}" if said else _ended(child)


def _slow(child: Child) -> str:
    said = "\n".join(f"  {line}" for line in child.last_lines)
    return f"{child.service.name} was not ready after {child.service.ready_within:g} s. It said last:\n{said}"
