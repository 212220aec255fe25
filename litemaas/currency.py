"""The currency that amounts are shown in. Administrators choose it, and the app that keeps what they chose says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

Currency = dict[str, str]

_ask: Callable[[], Currency] = lambda: settings.CURRENCY  # noqa: E731
_for_now: ContextVar[Currency | None] = ContextVar("litemaas_currency", default=None)


def ask_with(ask: Callable[[], Currency]) -> None:
    """`ask()` gives `{code, symbol, name}`; it is asked for every amount, so it answers from memory."""
    global _ask
    _ask = ask


def current() -> Currency:
    return _for_now.get() or _ask()


@contextmanager
def as_if(currency: Currency) -> Iterator[None]:
    """What runs inside shows amounts in this one."""
    token = _for_now.set(currency)
    try:
        yield
    finally:
        _for_now.reset(token)
