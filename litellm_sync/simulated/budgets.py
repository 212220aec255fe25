"""Budgets: what has been spent by now, whether that is too much, and when it starts anew."""

from datetime import datetime
from typing import TYPE_CHECKING

from litellm_sync.simulated.clock import parse, zulu
from litellm_sync.simulated.durations import next_reset
from litellm_sync.simulated.http import Refusal, refuse
from litellm_sync.simulated.shapes import Json

if TYPE_CHECKING:
    from litellm_sync.simulated.state import State


class Counters:
    """Spend that counts against budgets but is not yet in the rows, by (kind, id)."""

    def __init__(self) -> None:
        self._unsettled: dict[tuple[str, str], float] = {}

    def add(self, facts: Json) -> None:
        for place in _places(facts):
            self._unsettled[place] = self._unsettled.get(place, 0.0) + facts["spend"]

    def settled(self, kind: str, object_id: str, spend: float) -> None:
        left = self._unsettled.get((kind, object_id), 0.0) - spend
        if left > 1e-15:
            self._unsettled[kind, object_id] = left
        else:
            self._unsettled.pop((kind, object_id), None)

    def forget(self, kind: str, object_id: str) -> None:
        self._unsettled.pop((kind, object_id), None)

    def spent(self, kind: str, object_id: str, row: Json) -> float:
        return float(row["spend"] + self._unsettled.get((kind, object_id), 0.0))


def schedule(row: Json, now: datetime) -> None:
    """Set `budget_reset_at` from `budget_duration`.

    A duration that can't be read (allowed before 1.109) never resets.
    """
    duration = row.get("budget_duration")
    try:
        row["budget_reset_at"] = zulu(next_reset(duration, now)) if duration else None
    except ValueError:
        row["budget_reset_at"] = None


def renew(row: Json, now: datetime) -> bool:
    """Begin the row's budget anew when its time has come. LiteLLM does so within ten minutes, we at once."""
    due = row.get("budget_reset_at")
    if not due or parse(due) > now:
        return False
    row["spend"] = 0.0
    schedule(row, now)
    return True


def check_budgets(state: "State", key: Json, *, is_free: bool) -> None:
    """Raises Refusal when key, team, member or user has spent its budget.

    A model priced at zero stays usable.
    """
    if is_free:
        return
    refusal = _team_refusal(state, key) or _user_refusal(state, key) or _key_refusal(state, key)
    if refusal is not None:
        raise refusal


def _team_refusal(state: "State", key: Json) -> Refusal | None:
    team = state.renewed("teams", key["team_id"])
    spent = _overspent(state, "teams", key["team_id"], team)
    if spent is not None and team is not None:
        text = f"Team={key['team_id']} Current cost: {spent}, Max budget: {team['max_budget']}"
        return _exceeded(state, f"Budget has been exceeded! {text}")
    member_id = f"{key['team_id']}/{key['user_id']}"
    member = state.renewed("members", member_id)
    spent = _overspent(state, "members", member_id, member)
    if spent is None or member is None:
        return None
    text = f"User={key['user_id']} in Team={key['team_id']}. Current cost: {spent}, Max budget: {member['max_budget']}"
    return _exceeded(state, f"Budget has been exceeded! {text}")


def _user_refusal(state: "State", key: Json) -> Refusal | None:
    """Personal budgets bind keys without a team only; 1.80 does not check them."""
    if key["team_id"] or state.version.number < (1, 91):
        return None
    user = state.renewed("users", key["user_id"])
    spent = _overspent(state, "users", key["user_id"], user)
    if spent is None or user is None:
        return None
    text = f"User={key['user_id']} over budget. Spend={spent}, Budget={user['max_budget']}"
    return _exceeded(state, f"ExceededBudget: {text}")


def _key_refusal(state: "State", key: Json) -> Refusal | None:
    state.renewed("keys", key["token"])
    spent = _overspent(state, "keys", key["token"], key)
    if spent is None:
        return None
    text = (
        f"Key={key['key_alias']} ({key['key_name']}) Current cost: {spent}, Max budget: {key['max_budget']}"
    )
    return _exceeded(state, f"Budget has been exceeded! {text}")


def _overspent(state: "State", kind: str, object_id: str | None, row: Json | None) -> float | None:
    if row is None or row.get("max_budget") is None:
        return None
    spent = state.counters.spent(kind, str(object_id), row)
    return spent if spent >= row["max_budget"] else None


def _exceeded(state: "State", message: str) -> Refusal:
    return refuse(state.version.over_budget_status, message, "budget_exceeded")


def _places(facts: Json) -> list[tuple[str, str]]:
    places = [("keys", facts["token"]), ("users", facts["user_id"]), ("teams", facts["team_id"])]
    places.append(("members", f"{facts['team_id']}/{facts['user_id']}"))
    return [place for place in places if place[1]]
