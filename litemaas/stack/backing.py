"""The servers behind LiteMaaS: PostgreSQL and Valkey, each left out when the user names one of his own."""

import os
from dataclasses import dataclass

from litemaas.stack.credentials import Credentials
from litemaas.stack.layout import Layout
from litemaas.stack.ports import free_port
from litemaas.stack.postgres import Cluster
from litemaas.stack.service import Service
from litemaas.stack.supervisor import Supervisor
from litemaas.stack.valkey import Valkey


def given(name: str) -> bool:
    """Whether the user has set this setting, directly or by a file (litemaas/env.py)."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


@dataclass(frozen=True)
class Backing:
    """`None` means that the user's own server is used."""

    cluster: Cluster | None
    valkey: Valkey | None

    def start(self, supervisor: Supervisor, *beside: Service) -> None:
        """Start both, with `beside` at the same time; return when the database is there. Raises StackError."""
        if self.cluster:
            self.cluster.prepare()
        own = [server.service() for server in (self.cluster, self.valkey) if server]
        supervisor.start(*own, *beside)
        if self.cluster:
            self.cluster.create_database()

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead to our own servers."""
        found = {}
        if self.cluster:
            found["DATABASE_URL"] = self.cluster.url
        if self.valkey:
            found["REDIS_URL"] = self.valkey.url
        return found


def backing(layout: Layout, *, lasting: bool = True) -> Backing:
    """The servers that this run has to bring itself."""
    credentials = Credentials(layout.secrets)
    cluster = Cluster(layout.postgres, layout.sockets, credentials.postgres, lasting)
    valkey = Valkey(layout.valkey, layout.run / "valkey.conf", free_port(), credentials.valkey)
    return Backing(
        cluster=None if given("DATABASE_URL") else cluster,
        valkey=None if given("REDIS_URL") else valkey,
    )
