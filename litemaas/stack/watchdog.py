"""Stops what a killed supervisor left running. A plain script: it must start at once and import nothing of ours.

The supervisor holds the other end of standard input and says `+ pid signal grace` for each process it started
(the leader of a group of its own) and `- pid` for each that has ended. When the input ends, the supervisor is
gone: whatever is still on the list is stopped in reverse order, with its own signal, and killed after its grace.
"""

import os
import signal
import sys
import time


def is_running(pid: int) -> bool:
    """Whether the process is there and not just a zombie that nobody has collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:  # gone between the two questions, or a system without /proc
        return not os.path.exists("/proc/self/stat")


def stop(pid: int, number: int, grace: float) -> None:
    """Ask one process to end, wait, then kill what remains of its group."""
    try:
        os.kill(pid, number)
        deadline = time.monotonic() + grace
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def watch() -> None:
    started: dict[int, tuple[int, float]] = {}
    for line in sys.stdin:
        sign, pid, *rest = line.split()
        if sign == "+":
            started[int(pid)] = (int(rest[0]), float(rest[1]))
        else:
            started.pop(int(pid), None)
    for leader in reversed(started):
        stop(leader, *started[leader])


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch()
