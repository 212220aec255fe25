"""The simulated gateway as one object: state, faults, server and push."""

from types import TracebackType
from typing import Self

# Importing the routes registers them.
from litellm_sync.simulated import (
    completions,
    conversions,
    daily,
    health,
    key_admin,
    keys,
    members,
    model_admin,
    reports,
    teams,
    users,
)
from litellm_sync.simulated.control import describe
from litellm_sync.simulated.faults import Faults
from litellm_sync.simulated.push import Pusher, Target
from litellm_sync.simulated.server import Server
from litellm_sync.simulated.shapes import Json
from litellm_sync.simulated.state import State
from litellm_sync.simulated.versions import NEWEST

_ROUTES = (
    completions,
    conversions,
    daily,
    health,
    key_admin,
    keys,
    members,
    model_admin,
    reports,
    teams,
    users,
)
DEFAULT_MASTER_KEY = "sk-simulated-master-key"


class SimulatedGateway:
    """A LiteLLM that needs no database and no provider. Use it as a context manager, or `start` and `stop`
    it.

    `port` 0 takes a free one. With `state_path` everything survives a kill; `log_delay` is how many seconds a
    call takes to show in logs and spends; `chunk_delay` the pause between the chunks of a stream. Every request takes
    `service_time` seconds, and only so many `at_once`: together they are what it can take.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        master_key: str = DEFAULT_MASTER_KEY,
        state_path: str | None = None,
        version: str = NEWEST,
        push: Target | None = None,
        log_delay: float = 0.0,
        chunk_delay: float = 0.0,
        service_time: float = 0.0,
        at_once: int | None = None,
        deployments: list[Json] | None = None,
    ) -> None:
        self.host = host
        self.master_key = master_key
        self.state = State(
            master_key=master_key,
            version=version,
            path=state_path,
            deployments=deployments,
            log_delay=log_delay,
        )
        self.faults = Faults(self.state.clock)
        self._server = Server(
            self.state,
            self.faults,
            host,
            port,
            chunk_delay=chunk_delay,
            service_time=service_time,
            at_once=at_once,
        )
        self.port = self._server.port
        self._pusher = None if push is None else Pusher(self.state, push)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def calls(self) -> list[str]:
        """The requests so far, as "METHOD /path"."""
        return list(self.state.calls)

    @property
    def connections(self) -> int:
        """How many callers are connected at the moment."""
        return self._server.connections

    def describe(self) -> Json:
        """All that it knows: see `control.describe`."""
        return describe(self.state)

    def reset(self) -> None:
        """As on the first start, without faults."""
        self.faults.clear()
        self.state.reset()

    def start(self) -> Self:
        if self._pusher is not None:
            self._pusher.start()
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()
        if self._pusher is not None:
            self._pusher.stop()
        self.state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
