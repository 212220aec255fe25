"""All that the simulated gateway knows. Handlers run one at a time, under `lock`."""

import threading
from collections import Counter, deque
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from litellm_sync.simulated.budgets import Counters, renew
from litellm_sync.simulated.catalogue import DEPLOYMENTS
from litellm_sync.simulated.clock import Clock, with_offset, zulu
from litellm_sync.simulated.ledger import Ledger
from litellm_sync.simulated.limits import Windows
from litellm_sync.simulated.shapes import Json, new
from litellm_sync.simulated.store import Store
from litellm_sync.simulated.versions import VERSIONS

_MOST_CALLS_REMEMBERED = 20_000


class State:
    """Keys by hash, users and teams by id, deployments by id, memberships by "team/user", and the ledger."""

    def __init__(
        self,
        *,
        master_key: str,
        version: str,
        path: str | None = None,
        deployments: list[Json] | None = None,
        log_delay: float = 0.0,
    ) -> None:
        self.master_key = master_key
        self.version = VERSIONS[version]
        self.clock = Clock()
        self.lock = threading.RLock()
        self.log_delay = log_delay
        self.calls: deque[str] = deque(maxlen=_MOST_CALLS_REMEMBERED)
        self.pushes = False
        # A licence for what LiteLLM sells: tags, budgets per model.
        self.is_enterprise = False
        self.events: deque[Json] = deque()
        self._configured = deployments if deployments is not None else DEPLOYMENTS
        self._store = Store(path)
        self._begin()
        self._load()

    def _begin(self) -> None:
        self.keys: dict[str, Json] = {}
        self.aliases: dict[str, str] = {}
        self._alias_of: dict[str, str | None] = {}
        self.archive: dict[str, Json] = {}
        self.users: dict[str, Json] = {}
        self.teams: dict[str, Json] = {}
        self.members: dict[str, Json] = {}
        self.deployments: dict[str, Json] = {d["model_info"]["id"]: d for d in self._configured}
        self.ledger = Ledger(self._book_spend)
        self.counters = Counters()
        self.windows = Windows()
        self.in_flight: Counter[str] = Counter()
        self.turns: Counter[str] = Counter()

    def _load(self) -> None:
        for kind in ("keys", "archive", "users", "teams", "members"):
            getattr(self, kind).update(self._store.load(kind))
        for token, key in self.keys.items():
            self._index_alias(token, key["key_alias"])
        self.deployments.update(self._store.load("deployments"))
        for settled, facts in self._store.load_logs():
            (self.ledger.restore if settled else self.ledger.add)(facts)
        if "default_user_id" not in self.users:
            self.save("users", "default_user_id", _administrator(zulu(self.clock.now())))

    def reset(self) -> None:
        """As on the first start."""
        with self.lock:
            self._store.clear()
            self._begin()
            self._load()
            self.calls.clear()
            self.events.clear()

    def save(self, kind: str, object_id: str, value: Json) -> Json:
        """Make `value` the object's state, here and on disk."""
        getattr(self, kind)[object_id] = value
        if kind == "keys":
            self._index_alias(object_id, value["key_alias"])
        self._store.put(kind, object_id, value)
        return value

    def remove(self, kind: str, object_id: str) -> Json | None:
        if kind == "keys":
            self._index_alias(object_id, None)
        self._store.drop(kind, object_id)
        gone: Json | None = getattr(self, kind).pop(object_id, None)
        return gone

    def _index_alias(self, token: str, alias: str | None) -> None:
        """Aliases are unique over live keys and looked up on every creation."""
        before = self._alias_of.pop(token, None)
        if before is not None:
            del self.aliases[before]
        if alias is not None:
            self.aliases[alias] = token
            self._alias_of[token] = alias

    def together(self) -> AbstractContextManager[None]:
        """All changes inside reach the disk, or none."""
        return self._store.together()

    def stamp(self) -> str:
        return zulu(self.clock.now())

    def record(self, facts: Json) -> None:
        """Note a call. Its spend counts against budgets at once, and shows after the delay."""
        facts["visible_at"] = with_offset(self.clock.now() + timedelta(seconds=self.log_delay))
        with self.together():
            self._store.add_log(facts, settled=False)
            self.ledger.add(facts)
            self.counters.add(facts)
            self.settle()

    def settle(self) -> None:
        """Bring logs, daily sums and spends up to date."""
        settled = self.ledger.settle(with_offset(self.clock.now()))
        if settled:
            self._store.settle_logs(settled)

    def renewed(self, kind: str, object_id: str | None) -> Json | None:
        """The object, its budget begun anew when its time has come."""
        row: Json | None = getattr(self, kind).get(object_id) if object_id else None
        if row is not None and renew(row, self.clock.now()):
            self.counters.forget(kind, str(object_id))
            self.save(kind, str(object_id), row)
        return row

    def close(self) -> None:
        with self.lock:
            self._store.close()

    def _book_spend(self, facts: Json) -> None:
        if not facts["spend"]:
            return
        member = f"{facts['team_id']}/{facts['user_id']}"
        for kind, object_id in (
            ("keys", facts["token"]),
            ("users", facts["user_id"]),
            ("teams", facts["team_id"]),
            ("members", member),
        ):
            self._add_spend(kind, object_id, facts)

    def _add_spend(self, kind: str, object_id: Any, facts: Json) -> None:
        row = getattr(self, kind).get(object_id)
        if row is None:
            return
        self.counters.settled(kind, object_id, facts["spend"])
        row["spend"] += facts["spend"]
        if "total_spend" in row:
            row["total_spend"] += facts["spend"]
        if kind == "keys":
            row["last_active"] = zulu(self.clock.now())
        self._store.put(kind, object_id, row)


def _administrator(now: str) -> Json:
    return new("user", user_id="default_user_id", user_role="proxy_admin", created_at=now, updated_at=now)
