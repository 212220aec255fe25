"""Rehearsing a use case: it runs as it is, in a transaction that is undone, and we look at what it touched.

So a dry run can't say anything else than the real run would. Use cases that call the gateway themselves, outside of
their transaction, ask `is_rehearsing` before they do.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction


class Rehearsal:
    """What was touched: kind of object (as in the audit record: USER, SUBSCRIPTION, API_KEY, MODEL …) → id → label."""

    def __init__(self) -> None:
        self.touched: dict[str, dict[str, str]] = {}


_current: ContextVar[Rehearsal | None] = ContextVar("litemaas_rehearsal", default=None)


def is_rehearsing() -> bool:
    return _current.get() is not None


def note(kind: str, touched: Iterable[tuple[str, str]]) -> None:
    """Say that these objects, as (id, label), would change. Costs nothing outside of a rehearsal."""
    rehearsal = _current.get()
    if rehearsal is None:
        return
    known = rehearsal.touched.setdefault(kind, {})
    for key, label in touched:
        if not known.get(key):
            known[key] = label


@contextmanager
def rehearsal() -> Iterator[Rehearsal]:
    """What runs inside is undone at the end, and nothing of its `on_commit` happens."""
    found = Rehearsal()
    block = transaction.atomic()
    # Use cases are durable transactions of their own. Django lets them run inside of a block that is marked like this:
    # it is how its own test cases, which undo everything as well, run them.
    block._from_testcase = True  # type: ignore[attr-defined]
    token = _current.set(found)
    try:
        with block:
            yield found
            transaction.set_rollback(True)
    finally:
        _current.reset(token)
