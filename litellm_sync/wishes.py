"""Whether a piece of work left something for the gateway, which pages tell while the gateway is away."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from litemaas.dry_run import is_rehearsing

_noted: ContextVar[list[str] | None] = ContextVar("litellm_sync_wishes", default=None)


@contextmanager
def noted() -> Iterator[list[str]]:
    """The kinds of the objects that are marked dirty within."""
    kinds: list[str] = []
    token = _noted.set(kinds)
    try:
        yield kinds
    finally:
        _noted.reset(token)


def note(kinds: Iterable[str]) -> None:
    noted = _noted.get()
    if noted is not None and not is_rehearsing():
        noted += kinds
