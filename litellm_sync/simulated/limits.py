"""Rate limits as LiteLLM counts them: fixed windows of 60 s per scope, beginning with the first call.

Requests are counted when they come; tokens after the call, so the last call may overshoot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from litellm_sync.simulated.http import refuse
from litellm_sync.simulated.shapes import Json

if TYPE_CHECKING:
    from litellm_sync.simulated.state import State

WINDOW = timedelta(seconds=60)


@dataclass(slots=True)
class Window:
    ends: datetime
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A scope ("api_key", "user", "team", "team_member", "model_per_key") with its limits per minute."""

    scope: str
    object_id: str
    rpm: int | None
    tpm: int | None


class Windows:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def of(self, limit: Limit, now: datetime) -> Window:
        window = self._windows.get((limit.scope, limit.object_id))
        if window is None or window.ends <= now:
            window = self._windows[limit.scope, limit.object_id] = Window(now + WINDOW)
        return window


def limits_of(state: "State", key: Json, model: str) -> list[Limit]:
    """The limits that bind a call of this model with this key."""
    user, team = state.users.get(key["user_id"] or ""), state.teams.get(key["team_id"] or "")
    member_id = f"{key['team_id']}/{key['user_id']}"
    rows = [("api_key", key["token"], key), ("user", key["user_id"], user), ("team", key["team_id"], team)]
    rows.append(("team_member", member_id, state.members.get(member_id)))
    found = [
        Limit(scope, str(pk), row.get("rpm_limit"), row.get("tpm_limit")) for scope, pk, row in rows if row
    ]
    found.append(Limit("model_per_key", f"{key['token']}:{model}", *_per_model(key, model)))
    return [limit for limit in found if limit.rpm is not None or limit.tpm is not None]


def admit(state: "State", key: Json, limits: list[Limit]) -> None:
    """Count the attempt. Raises Refusal 429 when a limit is reached."""
    now = state.clock.now()
    most = key["max_parallel_requests"]
    if most is not None and state.in_flight[key["token"]] >= most:
        raise _too_many("api_key", key["token"], "max_parallel_requests", most, now + WINDOW)
    for limit in limits:
        window = state.windows.of(limit, now)
        if limit.rpm is not None and window.requests >= limit.rpm:
            raise _too_many(limit.scope, limit.object_id, "requests", limit.rpm, window.ends)
        if limit.tpm is not None and window.tokens >= limit.tpm:
            raise _too_many(limit.scope, limit.object_id, "tokens", limit.tpm, window.ends)
    for limit in limits:
        state.windows.of(limit, now).requests += 1


def charge(state: "State", limits: list[Limit], tokens: int) -> None:
    now = state.clock.now()
    for limit in limits:
        state.windows.of(limit, now).tokens += tokens


def headers(state: "State", limits: list[Limit]) -> Iterator[tuple[str, str]]:
    """`x-ratelimit-…` of a successful call."""
    now = state.clock.now()
    for limit in limits:
        window, scope = state.windows.of(limit, now), f"x-ratelimit-{limit.scope}"
        for name, most, used in (
            ("requests", limit.rpm, window.requests),
            ("tokens", limit.tpm, window.tokens),
        ):
            if most is not None:
                yield f"{scope}-remaining-{name}", str(max(0, most - used))
                yield f"{scope}-limit-{name}", str(most)


def _per_model(key: Json, model: str) -> tuple[int | None, int | None]:
    metadata = key.get("metadata") or {}
    rpm, tpm = metadata.get("model_rpm_limit") or {}, metadata.get("model_tpm_limit") or {}
    return rpm.get(model), tpm.get(model)


def _too_many(scope: str, object_id: str, kind: str, most: int, resets: datetime) -> Exception:
    when = f"{resets:%Y-%m-%d %H:%M:%S} UTC"
    text = f"Rate limit exceeded for {scope}: {object_id}. Limit type: {kind}. Current limit: {most}, Remaining: 0."
    return refuse(
        429,
        f"{text} Limit resets at: {when}",
        "throttling_error",
        retry_after="60",
        rate_limit_type=kind,
        reset_at=when,
    )
