"""Is the gateway there, and what can it do."""

import re
import time
from dataclasses import dataclass
from typing import Any

from litellm_sync.client.caller import Caller
from litellm_sync.client.deadline import Deadline
from litellm_sync.client.pages import record
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway

MINIMUM_VERSION = (1, 80)
FEATURES_LAST = 600.0
# Without this call no usage can be read; it came with 1.80 (1.74 has none).
_NEEDED_PATH = "/spend/logs/v2"
_LICENCE_PATH = "/health/license"


@dataclass(frozen=True, slots=True)
class GatewayFeatures:
    """What a gateway says about itself. `version` is None when it does not tell."""

    version: str | None
    paths: frozenset[str]

    def supports(self, path: str) -> bool:
        """Whether the gateway has this path, written as in its OpenAPI document: `/key/{key}/reset_spend`."""
        return path in self.paths

    @property
    def version_tuple(self) -> tuple[int, ...]:
        """(1, 109, 1); () when unknown."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version or "")[:3])


class HealthCalls(Caller):
    _features: GatewayFeatures | None = None
    _features_until: float = 0.0
    _licence: tuple[bool, float] | None = None

    def is_alive(self, *, deadline: float = 2.0) -> bool:
        """Whether the gateway's process answers now.

        Asks past the breaker, never raises, tells nothing about its database.
        """
        try:
            answer = self._transport.send("GET", "/health/liveliness", deadline=Deadline(deadline))
        except GatewayUnavailable:
            return False
        return answer.status == 200

    def has_database(self, *, deadline: float = 2.0) -> bool | None:
        """Whether the gateway has its own database; None when it does not tell. Asks past the breaker, never raises."""
        try:
            answer = self._transport.send("GET", "/health/readiness", deadline=Deadline(deadline))
            told = answer.json()
        except GatewayUnavailable:
            return None
        state = told.get("db") if isinstance(told, dict) else None
        return state == "connected" if isinstance(state, str) else None

    def version(self, *, deadline: float | None = None) -> str | None:
        """ "1.109.1"; None when the gateway does not tell."""
        return self._discover(deadline).version

    def features(self, *, deadline: float | None = None) -> GatewayFeatures:
        """Version and paths, remembered for ten minutes. Raises UnsupportedGateway below 1.80."""
        features = self._discover(deadline)
        if features.version and features.version_tuple < MINIMUM_VERSION:
            raise UnsupportedGateway(version=features.version)
        if not features.supports(_NEEDED_PATH):
            raise UnsupportedGateway(f"The model gateway has no {_NEEDED_PATH}.", version=features.version)
        return features

    def is_enterprise(self, *, deadline: float | None = None) -> bool:
        """Whether the gateway has a licence for LiteLLM's enterprise features, remembered for ten minutes.

        One that does not tell (before 1.91) counts as the open edition, which refuses more.
        """
        if self._licence is None or time.monotonic() >= self._licence[1]:
            self._licence = (self._ask_licence(deadline), time.monotonic() + FEATURES_LAST)
        return self._licence[0]

    def _ask_licence(self, deadline: float | None) -> bool:
        if not self.features(deadline=deadline).supports(_LICENCE_PATH):
            return False
        try:
            licence = record(self._get(_LICENCE_PATH, deadline=deadline), _LICENCE_PATH)
        except GatewayRefused:
            return False
        return licence.get("license_type") == "enterprise"

    def _discover(self, deadline: float | None) -> GatewayFeatures:
        if self._features is None or time.monotonic() >= self._features_until:
            self._features = self._ask(deadline)
            self._features_until = time.monotonic() + FEATURES_LAST
        return self._features

    def _ask(self, deadline: float | None) -> GatewayFeatures:
        document = record(self._get("/openapi.json", deadline=deadline), "/openapi.json")
        paths = record(document.get("paths"), "/openapi.json paths")
        return GatewayFeatures(_version(document), frozenset(paths))


def _version(document: Any) -> str | None:
    version = record(document.get("info"), "/openapi.json info").get("version")
    return version if isinstance(version, str) and re.match(r"\d+\.\d+", version) else None
