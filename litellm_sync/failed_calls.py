"""The last calls that the gateway did not answer, or answered with "I don't know your key": for operators who look for
the cause. Kept beside the breaker's state, for a day, and lost with it."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from litellm_sync.errors import GatewayUnauthorized, GatewayUnavailable

MOST = 20
_TOKEN = re.compile(r"[0-9a-f]{32,}")
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class FailedCall:
    """`call` is method and path without query, `status` None where there was no answer. `reason` holds no secret."""

    at: datetime
    call: str
    status: int | None
    reason: str
    is_our_key_refused: bool = False

    def to_text(self) -> str:
        return json.dumps({**asdict(self), "at": self.at.timestamp()})

    @classmethod
    def of_text(cls, text: str) -> "FailedCall":
        """Raises ValueError, TypeError and KeyError for what another version wrote."""
        facts = json.loads(text)
        return cls(**{**facts, "at": datetime.fromtimestamp(facts["at"], UTC)})


def failed_call(
    method: str, path: str, error: GatewayUnavailable | GatewayUnauthorized, now: datetime
) -> FailedCall:
    reason = (error.detail if isinstance(error, GatewayUnavailable) else "") or error.message
    is_refused = isinstance(error, GatewayUnauthorized)
    call = f"{method} {_TOKEN.sub('…', path)}"
    return FailedCall(now, call, error.status, reason[:_LONGEST_REASON], is_refused)
