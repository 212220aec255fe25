"""What the frame around every page shows of apps that it does not know: each registers in its `AppConfig.ready`.

All of it is asked once per page, so an answer costs one indexed statement at most, better none.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

from litemaas.hooks import Hook

P = ParamSpec("P")
T = TypeVar("T")


class Slot(Generic[P, T]):
    """A question that one app answers; `empty` while none has registered."""

    def __init__(self, empty: T) -> None:
        self._empty = empty
        self._answer: Callable[P, T] | None = None

    def register(self, answer: Callable[P, T]) -> None:
        self._answer = answer

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._answer(*args, **kwargs) if self._answer else self._empty


# How many notifications somebody has not read.
unread: Slot[[Any], int] = Slot(0)
# Whether the gateway answers, for operators; None = not known. It must not wait for it.
gateway_up: Slot[[], bool | None] = Slot(None)
# Messages that are shown to somebody who is signed in, as they are shown.
toasted: Hook[[HttpRequest, Sequence[Message]]] = Hook()

_badges: dict[str, Callable[[], int]] = {}


def register_badge(path: str, count: Callable[[], int]) -> None:
    """Show a number beside the item of the operators' navigation with this path, unless it is 0."""
    _badges[path] = count


def badge_of(path: str) -> int:
    return _badges[path]() if path in _badges else 0
