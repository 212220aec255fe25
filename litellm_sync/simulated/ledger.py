"""What was called and what it cost: the facts behind spend logs, daily activity and spend counters.

LiteLLM writes them some seconds after the call. Here they wait for `delay` seconds (0 by default) and are
then *settled*: from that moment they are in the logs, the daily sums and the `spend` of key, user and team.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from litellm_sync.simulated.shapes import Json, new

_METRICS = ("spend", "prompt_tokens", "completion_tokens", "total_tokens")
# A raw row of daily activity: date, user, team, key, provider's model, public model, provider, endpoint.
DailyKey = tuple[str, str, str, str, str, str, str, str]


class Ledger:
    """Callers hold the state's lock. `on_settled` books a call's spend on its key, user and team."""

    def __init__(self, on_settled: Callable[[Json], None]) -> None:
        self.rows: list[Json] = []
        self.daily: dict[DailyKey, Json] = {}
        self._waiting: deque[Json] = deque()
        self._on_settled = on_settled

    def add(self, facts: Json) -> None:
        self._waiting.append(facts)

    def restore(self, facts: Json) -> None:
        """Take up a call that was settled before a restart."""
        self._book(facts)

    def settle(self, now: str) -> list[str]:
        """Settle the calls whose time has come;

        their request ids. `now` is an ISO time like the facts' own.
        """
        settled = []
        while self._waiting and self._waiting[0]["visible_at"] <= now:
            facts = self._waiting.popleft()
            self._book(facts)
            self._on_settled(facts)
            settled.append(facts["request_id"])
        return settled

    def between(self, start: str, end: str) -> list[Json]:
        """Settled calls with start <= startTime <= end, oldest first."""
        first = bisect_left(self.rows, start, key=_started)
        return self.rows[first : bisect_right(self.rows, end, key=_started)]

    def daily_rows(self, start: str, end: str) -> Iterator[tuple[DailyKey, Json]]:
        """Raw daily rows of these days, newest day first."""
        days = ((key, metrics) for key, metrics in self.daily.items() if start <= key[0] <= end)
        return iter(sorted(days, key=lambda row: row[0][0], reverse=True))

    def _book(self, facts: Json) -> None:
        insort(self.rows, facts, key=_started)
        key: DailyKey = (
            facts["started"][:10],
            facts["user_id"] or "",
            facts["team_id"] or "",
            facts["token"],
            facts["model"],
            facts["model_group"],
            facts["provider"],
            facts["endpoint"],
        )
        add_metrics(self.daily.setdefault(key, new("daily_metrics")), [_metrics(facts)])


def add_metrics(total: Json, parts: Iterable[Json]) -> Json:
    """Add the numbers of `parts` to `total`."""
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return total


def _metrics(facts: Json) -> Json:
    ok = facts["status"] == "success"
    return {
        **{name: facts[name] for name in _METRICS},
        "successful_requests": int(ok),
        "failed_requests": int(not ok),
        "api_requests": 1,
        "total_response_time_ms": facts["milliseconds"] if ok else 0,
        "timed_requests": int(ok),
    }


def _started(facts: Json) -> Any:
    return facts["started"]
