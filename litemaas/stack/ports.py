"""Ports on the loopback address: is one free, who has it, which one is left."""

import errno
import socket
from pathlib import Path

from litemaas.stack.errors import StackError

HOST = "127.0.0.1"
_LISTENING = "0A"


def chosen_port(name: str, value: str) -> int:
    """The number in `value`. Raises StackError with the setting's name when it is none."""
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise StackError(f"{name} must be a port number from 1 to 65535, not {value!r}.")
    return int(value)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, setting: str, purpose: str) -> None:
    """Raises StackError when `port` can't be had, with the name of the setting that changes it."""
    with socket.socket() as probe:
        # Without it a port whose last connections are still closing would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(_refusal(error, port, setting, purpose)) from error


def _refusal(error: OSError, port: int, setting: str, purpose: str) -> str:
    elsewhere = f"choose another one: `{setting}={port + 10} make run`"
    if error.errno == errno.EADDRINUSE:
        holder = _holder(port)
        taken = f"is taken by {holder}" if holder else "is taken"
        return f"Port {port}, for {purpose}, {taken}. Stop that program, or {elsewhere}."
    return f"Port {port}, for {purpose}, can't be used here ({error.strerror}). Please {elsewhere}."


def _holder(port: int) -> str | None:
    """Name and number of the process that listens on `port`, as far as this user may know (Linux)."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (process / "fd").iterdir()}
            if sockets & links:
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:  # another user's process, or one that has just ended
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    table = Path("/proc/net/tcp")
    if not table.exists():
        return set()
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == _LISTENING and int(row[1].split(":")[1], 16) == port}
