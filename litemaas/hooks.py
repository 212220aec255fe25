"""Calls from a lower app up to whoever registered, in the caller's transaction.

A lower app may not import a higher one. Where a change below has a consequence above (a model vanishes, so keys must
be brought in line), the lower app owns a `Hook` and the higher one registers in its `AppConfig.ready`. Unlike a
signal it has a signature, an order, and lets errors through.
"""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Hook(Generic[P]):
    def __init__(self) -> None:
        self._listeners: list[Callable[P, None]] = []

    def register(self, listener: Callable[P, None]) -> None:
        """Registering again changes nothing."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in self._listeners:
            listener(*args, **kwargs)
