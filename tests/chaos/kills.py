"""Dying at any step: before or after any statement to the database and any call to the gateway.

A `Killed` is no Exception, so nothing handles it: transactions are rolled back, leases stay, what was sent stays sent,
as with a process that gets SIGKILL there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from litellm_sync.client.transport import Transport


class Killed(BaseException):
    pass


class Killer:
    def __init__(self, monkeypatch: Any) -> None:
        self._left: int | None = None
        self._at_gateway_only = False
        self.places: list[str] = []
        real = Transport.send

        def send(transport: Transport, method: str, path: str, **parts: Any) -> Any:
            self._point(f"before {method} {path}", at_gateway=True)
            answer = real(transport, method, path, **parts)
            self._point(f"after {method} {path}", at_gateway=True)
            return answer

        monkeypatch.setattr(Transport, "send", send)

    @contextmanager
    def armed(self, steps: int | None, *, at_gateway: bool = False) -> Iterator[None]:
        """Die at the step of this number, if there are so many; with None live on. `at_gateway` counts calls only."""
        self._left, self._at_gateway_only = steps, at_gateway
        try:
            with connection.execute_wrapper(self._statement):
                yield
        except Killed:
            connection.close()
        finally:
            self._left = None

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._point("before a statement")
        result = execute(sql, params, many, context)
        self._point("after a statement")
        return result

    def _point(self, place: str, *, at_gateway: bool = False) -> None:
        if self._left is None or (self._at_gateway_only and not at_gateway):
            return
        self._left -= 1
        if self._left < 0:
            self._left = None
            self.places.append(place)
            raise Killed
