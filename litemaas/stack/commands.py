"""What `python -m litemaas.stack` can do: run, services, manage, reset."""

import os
import shutil
import sys

from litemaas.stack import lock, static_files
from litemaas.stack.console import Console
from litemaas.stack.errors import StackError
from litemaas.stack.layout import PROJECT, Layout
from litemaas.stack.lock import Running
from litemaas.stack.plan import Plan, planned
from litemaas.stack.session import Session, supervised

_DEMO_USERS = {"admin": "administrator", "auditor": "administrator, read-only", "user": "user"}


def run(layout: Layout) -> int:
    """Start everything and look after it until somebody stops it. Raises StackError."""
    with supervised(layout, Console()) as session:
        plan = planned(layout)
        plan.check_ports()
        layout.check_space()
        lock.announce(layout.run, Running(os.getpid(), plan.url, plan.environment))
        _start(session, plan)
        session.console.write(_welcome(plan, session.age))
        session.supervisor.start(plan.beat())
        session.supervisor.run_until_stopped()
    return 0


def manage(layout: Layout, arguments: list[str]) -> int:
    """`manage.py` with the settings of the running stack, or with its servers started for as long as it takes."""
    command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
    found = lock.running(layout.run)
    if found:
        os.execve(command[0], command, {**found.environment, **_terminal()})  # noqa: S606  no shell is wanted
    code = 0
    with supervised(layout, Console(quiet=True)) as session:
        plan = planned(layout)
        plan.backing.start(session.supervisor, *plan.gateway())
        code = session.supervisor.run_in_terminal(command, plan.environment)
    return code  # noqa: RET504  a request to stop leaves the block before it is set


def reset(layout: Layout) -> int:
    """Delete all data of the embedded stack. Raises StackError while it runs or without consent."""
    if not layout.var.exists():
        print(f"There is nothing to delete: {layout.var} does not exist.")
        return 0
    with lock.only_one(layout.run):
        print(
            f"This deletes {layout.var}: the embedded database, the cache, the simulated gateway, all passwords."
        )
        if not _agreed():
            print("Nothing was deleted.")
            return 1
        shutil.rmtree(layout.var)
    print("Deleted. The next `make run` starts afresh.")
    return 0


def _start(session: Session, plan: Plan) -> None:
    """Order with readiness: servers, then tables and files, then what uses them."""
    supervisor, layout = session.supervisor, session.layout
    files = [] if static_files.are_collected(layout) else [supervisor.begin(plan.static_files())]
    if files:
        static_files.forget_collected(layout)
    plan.backing.start(supervisor, *plan.gateway())
    supervisor.finish(supervisor.begin(plan.setup()), *files)
    if files:
        static_files.note_collected(layout)
    supervisor.start(plan.web(), plan.worker())


def _welcome(plan: Plan, seconds: float) -> str:
    lines = ["", f"LiteMaaS is ready after {seconds:.1f} s:  {plan.url}"]
    if plan.is_demo:
        width = max(map(len, _DEMO_USERS))
        lines += [f"  {name:<{width}}  {plan.demo_password}   ({role})" for name, role in _DEMO_USERS.items()]
    if plan.simulates_gateway:
        lines.append(f"The gateway is simulated, at {plan.environment['LITELLM_API_URL']}.")
    return "\n".join([*lines, "Stop with Ctrl-C.", ""])


def _terminal() -> dict[str, str]:
    """What belongs to the terminal of this command rather than to the one where the stack was started."""
    return {name: os.environ[name] for name in ("TERM", "COLUMNS", "LINES", "LANG") if name in os.environ}


def _agreed() -> bool:
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        raise StackError("Nobody is there to ask. Say YES=1 to agree: `make reset YES=1`.")
    return input("Delete it? [y/N] ").strip().lower() in {"y", "yes"}
