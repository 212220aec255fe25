"""Small programs that play the parts of the stack, and a supervisor process to run them under."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent

# Notes its signals in a file and ends on each; says "ready" when it listens to them.
OBEDIENT = """
import os, signal, sys, time
name, notes = sys.argv[1:3]
def note(what):
    with open(notes, "a") as file: print(name, what, file=file)
def end(number, frame):
    note(signal.Signals(number).name); sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, end)
note("up")
print("ready", os.getpid(), flush=True)
while True: signal.pause()
"""

# Listens to nothing, and has a child that does not either.
STUBBORN = """
import os, signal, sys
for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
child = os.fork()
if child: print("ready", os.getpid(), child, flush=True)
while True: signal.pause()
"""

SUPERVISE = """
import sys, signal
from pathlib import Path
from litemaas.stack.console import Console
from litemaas.stack.layout import Layout
from litemaas.stack.service import Service
from litemaas.stack.session import supervised
folder = Path(sys.argv[1])
def service(name, program, **more):
    command = [sys.executable, "-c", program, name, str(folder / "notes")]
    return Service(name, command, ready_line="ready", **more)
OBEDIENT, STUBBORN = {obedient!r}, {stubborn!r}
with supervised(Layout(folder / "var"), Console()) as session:
{body}
    session.console.write("everything is up")
    session.supervisor.run_until_stopped()
"""


def supervise(folder: Path, body: str) -> "subprocess.Popen[str]":
    """A supervisor process that starts what `body` says with `service(name, program)` and `session.supervisor`."""
    code = SUPERVISE.format(
        obedient=OBEDIENT, stubborn=STUBBORN, body=textwrap.indent(textwrap.dedent(body), "    ")
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=PROJECT,
        start_new_session=True,
    )


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What the process says up to and with the line that has `text` in it."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} never came. The process said:\n{said}")


def numbers_in(said: str) -> list[int]:
    """The process numbers of all "ready" lines."""
    lines = [line.partition("ready ")[2] for line in said.splitlines() if "| ready " in line]
    return [int(number) for line in lines for number in line.split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def eventually(is_so: Callable[[], bool], within: float = 30.0) -> bool:
    """Whether it becomes so in time; other processes tell nobody when."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def stack(*arguments: str, environment: dict[str, str], var: Path) -> "subprocess.CompletedProcess[str]":
    """`python -m litemaas.stack …` with its data in `var`, and of the user's settings only these."""
    return subprocess.run(
        [sys.executable, "-m", "litemaas.stack", *arguments],
        env={**bare_environment(), "LITEMAAS_VAR": str(var), **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=90,
    )


def bare_environment() -> dict[str, str]:
    """What a program needs to be found, and measured when coverage is."""
    kept = ("PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
    return {name: os.environ[name] for name in kept if name in os.environ}


def noted_processes(folder: Path) -> list[int]:
    return [row[0] for row in json.loads((folder / "var/run/processes.json").read_text())]
