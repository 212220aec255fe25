"""How many requests of one web process run at the same time, whatever the number of its threads (ADR 8).

A process has many threads, so that those that wait for the gateway hold nobody up, and few turns, so that Python's
one lock is not fought for. A turn carries the database connections: there are as many of them as turns, not threads.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class _Turn:
    """The right to run, and the connections that come with it."""

    def __init__(self) -> None:
        self.connections: dict[str, BaseDatabaseWrapper] = {}

    def keep(self) -> None:
        """What this thread has opened in the turn goes on with it, from thread to thread, used by one at a time."""
        for connection in connections.all(initialized_only=True):
            if connection.alias not in self.connections:
                connection.inc_thread_sharing()
                self.connections[connection.alias] = connection


class _Waiter:
    """A thread in the line. Its lock is open when it has been given a turn."""

    def __init__(self) -> None:
        self.turn: _Turn | None = None
        self.opens = threading.Lock()
        self.opens.acquire()


class Turns:
    """`count` turns for as many threads as there may be, first come, first served.

    Without the order, a thread that gives its turn back and has the next request at once takes it again before those
    that wait have woken up, and one request in a hundred waits for many.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._free = [_Turn() for _ in range(count)]
        self._line: deque[_Waiter] = deque()
        self._databases = len(settings.DATABASES)

    def take(self, *, goes_on: bool = False) -> None:
        """Wait for a turn; it is this thread's until `give_back`. `goes_on`: with a request that had one before, which
        comes before those that have not begun."""
        turn = self._next(goes_on)
        # Looking up Django's per-thread connections costs as much as all the rest.
        if _mine.last is not turn:
            _forget_connections()
            for alias, connection in turn.connections.items():
                connections[alias] = connection
            _mine.last = turn if len(turn.connections) == self._databases else None
        _mine.turn, _mine.turns = turn, self

    def give_back(self, *, goes_on: bool = False) -> None:
        """`goes_on`: this thread does something else without a turn. Nothing happens where it has none."""
        turn, _mine.turn = _mine.turn, None
        if turn is None:
            return
        if len(turn.connections) < self._databases:
            turn.keep()
        if goes_on:
            _mine.last = None
            _forget_connections()
        self._pass_on(turn)

    def _next(self, goes_on: bool) -> _Turn:
        with self._lock:
            if self._free:
                return self._free.pop()
            waiter = _Waiter()
            (self._line.appendleft if goes_on else self._line.append)(waiter)
        waiter.opens.acquire()
        return waiter.turn  # type: ignore[return-value]  # given before the lock was opened

    def _pass_on(self, turn: _Turn) -> None:
        with self._lock:
            if not self._line:
                self._free.append(turn)
                return
            waiter = self._line.popleft()
        waiter.turn = turn
        waiter.opens.release()


def _forget_connections() -> None:
    """A connection that this thread has opened without a turn is closed: no other thread will have it."""
    for connection in connections.all(initialized_only=True):
        if not connection.allow_thread_sharing:
            connection.close()
        del connections[connection.alias]


class _Mine(threading.local):
    """`last` is the turn whose connections Django still has for this thread; they may be in use by another one."""

    turn: _Turn | None = None
    turns: Turns | None = None
    last: _Turn | None = None
    kept: int = 0


_mine = _Mine()


@contextmanager
def kept() -> Iterator[None]:
    """For a lock of the database's session: within, `given_back` gives nothing back."""
    _mine.kept += 1
    try:
        yield
    finally:
        _mine.kept -= 1


@contextmanager
def given_back() -> Iterator[None]:
    """Let another request run while this one waits for somebody else.

    In a transaction, or under a lock of the database's session (`kept`), this waits with the turn in hand: the
    connection must not go to another request.
    """
    turns = _mine.turns if _mine.turn is not None and not _mine.kept else None
    if turns is None or any(one.in_atomic_block for one in connections.all(initialized_only=True)):
        yield
        return
    turns.give_back(goes_on=True)
    try:
        yield
    finally:
        turns.take(goes_on=True)


def in_turns(application: Any, count: int) -> Any:
    """A WSGI application that runs `application` in `count` turns.

    A streamed answer keeps its turn to the end, because it may read the database on the way, unless it says
    `needs_turn = False`. Any other leaves in one piece.
    """
    turns = Turns(count)

    def run(environ: dict[str, Any], start_response: Any) -> Any:
        turns.take()
        keeps = goes_on = False
        try:
            response = application(environ, start_response)
            if not response.streaming:
                try:
                    return [response.content]
                finally:
                    response.close()
            keeps = getattr(response, "needs_turn", True)
            goes_on = not keeps
            return _Streamed(response, turns) if keeps else response
        finally:
            if not keeps:
                turns.give_back(goes_on=goes_on)

    return run


class _Streamed:
    """A streamed answer in its turn; the server closes it in the thread that reads it."""

    def __init__(self, response: Any, turns: Turns) -> None:
        self._response: Any = response
        self._turns = turns

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            try:
                response.close()
            finally:
                self._turns.give_back()

    def __del__(self) -> None:
        """A server that stumbles over the answer would keep the turn for ever."""
        self.close()
