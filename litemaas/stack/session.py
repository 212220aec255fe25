"""A supervisor with its lock, its watchdog and a tidy end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from litemaas.stack import lock
from litemaas.stack.console import Console
from litemaas.stack.errors import StopRequested
from litemaas.stack.guard import Guard
from litemaas.stack.layout import Layout
from litemaas.stack.leftovers import Leftovers
from litemaas.stack.supervisor import Supervisor


@dataclass
class Session:
    """One run of the stack in `layout`."""

    layout: Layout
    console: Console
    supervisor: Supervisor
    started_at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_at


@contextmanager
def supervised(layout: Layout, console: Console) -> Iterator[Session]:
    """Stops everything at the end of the block. A request to stop ends the block quietly.

    Raises StackError when another stack runs in the same folder.
    """
    layout.var.mkdir(parents=True, exist_ok=True)
    notes = layout.run / "processes.json"
    with lock.only_one(layout.run) as descriptor:
        cleared = Leftovers(notes).clear()
        if cleared:
            console.line("stack", f"Stopped {cleared} processes that a killed run had left.")
        supervisor = Supervisor(console, Guard(notes, descriptor))
        try:
            yield Session(layout, console, supervisor)
        except StopRequested:
            console.line("stack", "Stopping.")
        finally:
            supervisor.stop()
            lock.withdraw(layout.run)
            layout.clean_sockets()
