"""Where the embedded stack keeps its things. All of it is below one folder that `make reset` may delete."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from litemaas.stack.errors import StackError

PROJECT = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("LITEMAAS_VAR") or PROJECT / "var")
# The kernel's limit for a socket's path is 108 bytes; PostgreSQL adds "/.s.PGSQL.5432.lock" to its folder.
LONGEST_SOCKET_FOLDER = 85
# What a database that has just been made and a few days of work need, in bytes.
LEAST_FREE_SPACE = 300 * 1024 * 1024


@dataclass(frozen=True)
class Layout:
    """The folders of one stack, made when first asked for and readable by their owner only."""

    var: Path = VAR

    @property
    def secrets(self) -> Path:
        return self._private("secrets")

    @property
    def run(self) -> Path:
        return self._private("run")

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data; made by initdb, not here."""
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        return self._private("valkey")

    @property
    def backups(self) -> Path:
        return self._private("backups")

    @property
    def metrics(self) -> Path:
        return self._private("run/metrics")

    @cached_property
    def sockets(self) -> Path:
        """A 0700 folder whose path is short enough for a socket, in the temporary folder if need be."""
        folder = self.run / "sockets"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return self._private("run/sockets")
        return Path(tempfile.mkdtemp(prefix="litemaas-"))

    def clean_sockets(self) -> None:
        """Remove the temporary folder of a stack whose own path was too long."""
        if "sockets" in self.__dict__ and self.var not in self.sockets.parents:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def check_space(self) -> None:
        """Raises StackError when the disk is too full to start on."""
        free = shutil.disk_usage(self.var).free
        if free < LEAST_FREE_SPACE:
            raise StackError(
                f"The disk is full: {free // 1024**2} MB are left for {self.var}, and at least "
                f"{LEAST_FREE_SPACE // 1024**2} MB are needed. Make room and start again."
            )

    def _private(self, name: str) -> Path:
        folder = self.var / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return folder
