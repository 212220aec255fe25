"""A process that forks children which kill themselves at their n-th step. Run by test_killed_at_any_step.

Reads a line of JSON per child, `{"act": "issue" | "rotate" | "change" | "drain", "step": n, …}`, and answers with a
line: "killed" or "done".
A step is a statement, a commit, or the moment before or after a gateway call. Forking is what makes it quick: Django is
loaded once, and no connection is open yet when a child begins.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from apikeys.services import change_api_key, issue_api_key, rotate_api_key  # noqa: E402
from litellm_sync import outbox  # noqa: E402
from litellm_sync.client.transport import Transport  # noqa: E402


class Countdown:
    """Kills this process, as hard as can be, at its n-th step."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(step: Countdown, act: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **parts: Any) -> Any:
        step()
        result = act(*args, **parts)
        step()
        return result

    return counted


def _count_everything(step: Countdown) -> None:
    def counted_statement(execute: Callable[..., Any], *args: Any) -> Any:
        step()
        return execute(*args)

    Transport.send = _around(step, Transport.send)  # type: ignore[method-assign]
    # What commits are made with; execute_wrappers don't see them.
    wrapper: Any = connection
    wrapper._commit = _around(step, wrapper._commit)
    connection.execute_wrappers.append(counted_statement)


def _issue(order: dict[str, Any]) -> None:
    issue_api_key(
        actor=User.objects.get(pk=UUID(order["owner"])),
        model_ids=[order["model"]],
        request_token=order["request_token"],
        now=timezone.now(),
    )


def _rotate(order: dict[str, Any]) -> None:
    rotate_api_key(
        actor=User.objects.get(pk=UUID(order["owner"])),
        key_id=UUID(order["key"]),
        overlap=timedelta(seconds=order["overlap"]),
        request_token=order["request_token"],
        now=timezone.now(),
    )


def _change(order: dict[str, Any]) -> None:
    change_api_key(
        actor=User.objects.get(pk=UUID(order["owner"])),
        key_id=UUID(order["key"]),
        tpm_limit=order["tpm_limit"],
        max_budget=None,
        tags=["changed"],
        now=timezone.now(),
    )


def _drain(_order: dict[str, Any]) -> None:
    outbox.drain()


ACTS = {"issue": _issue, "rotate": _rotate, "change": _change, "drain": _drain}


def _run_child(order: dict[str, Any]) -> None:
    connection.ensure_connection()
    _count_everything(Countdown(order["step"]))
    ACTS[order["act"]](order)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                _run_child(order)
            except BaseException:  # noqa: BLE001  whatever it was, a child ends here
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if killed else "done\n" if status == 0 else "failed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
