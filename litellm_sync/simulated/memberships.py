"""Who is in which team, with a budget and limits of their own there."""

import uuid

from litellm_sync.simulated.budgets import schedule
from litellm_sync.simulated.people import ensure_user
from litellm_sync.simulated.shapes import Json, view
from litellm_sync.simulated.state import State

_LIMITS = ("max_budget", "tpm_limit", "rpm_limit", "budget_duration")


def join(state: State, team: Json, member: Json, limits: Json) -> Json:
    """Put a member (`user_id` or `user_email`, `role`) into a team;

    the user's row. Strangers become users.
    """
    user = ensure_user(state, member.get("user_id"), member.get("user_email"))
    entry = {"user_id": user["user_id"], "user_email": user["user_email"], "role": member.get("role", "user")}
    team["members_with_roles"] = [*team["members_with_roles"], entry]
    user["teams"] = [*user["teams"], team["team_id"]]
    state.save("users", user["user_id"], user)
    set_limits(state, blank_membership(state, team["team_id"], user["user_id"]), limits)
    return user


def leave(state: State, team: Json, user_id: str) -> None:
    """Take a member out of a team, on both sides."""
    team["members_with_roles"] = [m for m in team["members_with_roles"] if m["user_id"] != user_id]
    state.save("teams", team["team_id"], team)
    state.remove("members", f"{team['team_id']}/{user_id}")
    user = state.users.get(user_id)
    if user is not None:
        user["teams"] = [pk for pk in user["teams"] if pk != team["team_id"]]
        state.save("users", user_id, user)


def set_limits(state: State, member: Json, body: Json) -> None:
    if "max_budget_in_team" in body:
        budget = body["max_budget_in_team"]
        member["max_budget"] = None if budget is None else float(budget)
    for name in ("tpm_limit", "rpm_limit"):
        if name in body:
            member[name] = body[name]
    if "budget_duration" in body:
        member["budget_duration"] = body["budget_duration"]
        schedule(member, state.clock.now())
    state.save("members", f"{member['team_id']}/{member['user_id']}", member)


def memberships(state: State, team: Json) -> list[Json]:
    """As LiteLLM shows them: limits and budget in a budget row."""
    ids = [f"{team['team_id']}/{member['user_id']}" for member in team["members_with_roles"]]
    return [shown(state.members[pk]) for pk in ids if pk in state.members]


def shown(member: Json) -> Json:
    facts = {name: member[name] for name in ("user_id", "team_id", "spend", "total_spend")}
    if all(member[name] is None for name in _LIMITS):
        return {**facts, "budget_id": None, "litellm_budget_table": None}
    budget = view("budget_of_member", member)
    return {**facts, "budget_id": member["budget_id"], "litellm_budget_table": budget}


def with_members(state: State, team: Json) -> Json:
    """A team as lists of teams show it: with its keys and memberships."""
    keys = [key for key in state.keys.values() if key["team_id"] == team["team_id"]]
    return {**view("team_new", team), "team_memberships": memberships(state, team), "keys": keys}


def blank_membership(state: State, team_id: str, user_id: str) -> Json:
    return {
        "user_id": user_id,
        "team_id": team_id,
        "spend": 0.0,
        "total_spend": 0.0,
        "budget_id": str(uuid.uuid4()),
        "created_at": state.stamp(),
        "budget_reset_at": None,
        **dict.fromkeys(_LIMITS),
    }
