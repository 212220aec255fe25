"""Many at once, each with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from litemaas.errors import DomainError


def in_parallel(count: int, act: Callable[[], Any]) -> list[Any]:
    """What `count` threads that start together got, or the refusal that they met. Anything else shows as missing."""
    start, answers = threading.Barrier(count), []

    def run() -> None:
        start.wait()
        try:
            answers.append(act())
        except DomainError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
