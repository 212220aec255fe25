"""The terminal: every line with the name of the process that said it."""

import os
import sys
from dataclasses import dataclass, field
from typing import TextIO

_COLORS = {"stack": 1, "postgres": 34, "valkey": 35, "gateway": 33, "web": 32, "worker": 36, "beat": 95}
_WIDTH = 8


@dataclass
class Console:
    """Writes to `stream`; one that has gone away (closed terminal, ended pager) must not stop the stack."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    quiet: bool = False

    @property
    def _colored(self) -> bool:
        return self.stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        """One line of the process `name`; quiet consoles leave it out."""
        if not self.quiet:
            self.write(f"{self._label(name)} {text}")

    def _label(self, name: str) -> str:
        plain = f"{name:<{_WIDTH}} |"
        return f"\x1b[{_COLORS.get(name, 0)}m{plain}\x1b[0m" if self._colored else plain

    def write(self, text: str) -> None:
        if self.stream.closed:
            return
        try:
            print(text, file=self.stream, flush=True)
        except OSError:
            self.stream = open(os.devnull, "w")  # noqa: SIM115  stays open for the rest of the run
