"""One stack per data folder. The kernel drops the lock with its last holder: a killed run leaves none behind."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from litemaas.stack.errors import StackError
from litemaas.stack.watchdog import is_running

# A killed supervisor's watchdog holds the lock until it has stopped everything.
_CLEAN_UP_SECONDS = 40.0


@dataclass(frozen=True)
class Running:
    """What a running stack tells other commands: its process, address and settings, secrets among them."""

    pid: int
    url: str
    environment: dict[str, str]


def running(run: Path) -> Running | None:
    """The stack that has the lock of `run`, or None."""
    descriptor = _open(run)
    try:
        return None if _try(descriptor) else _read(run)
    finally:
        os.close(descriptor)


@contextmanager
def only_one(run: Path) -> Iterator[int]:
    """Hold the lock; yields its descriptor. Raises StackError when another run has it."""
    descriptor = _open(run)
    try:
        _wait(descriptor, run)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def announce(run: Path, stack: Running) -> None:
    """Let other commands find this stack; the file is the owner's only."""
    path = run / "stack.json"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(stack)))


def withdraw(run: Path) -> None:
    (run / "stack.json").unlink(missing_ok=True)


def _open(run: Path) -> int:
    return os.open(run / "lock", os.O_RDWR | os.O_CREAT, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int, run: Path) -> None:
    deadline = time.monotonic() + _CLEAN_UP_SECONDS
    while not _try(descriptor):
        holder = int(os.pread(descriptor, 20, 0) or b"0")
        # The process that took the lock is gone: its watchdog still has it, until everything is stopped.
        if (holder and is_running(holder)) or time.monotonic() > deadline:
            raise StackError(_refusal(holder, _read(run)))
        time.sleep(0.1)


def _read(run: Path) -> Running | None:
    path = run / "stack.json"
    return Running(**json.loads(path.read_text())) if path.exists() else None


def _refusal(holder: int, stack: Running | None) -> str:
    if stack is None:
        return f"LiteMaaS is already being started or stopped here (process {holder}). Try again in a moment."
    return (
        f"LiteMaaS already runs (process {holder}) at {stack.url}. "
        f"Stop it with Ctrl-C in its terminal, or with `kill {holder}`."
    )
