"""Rows of users, without the routes that change them."""

import uuid

from litellm_sync.simulated.budgets import schedule
from litellm_sync.simulated.shapes import SHAPES, Json, new
from litellm_sync.simulated.state import State

_SETTABLE = {
    "user_email",
    "user_alias",
    "user_role",
    "teams",
    "max_budget",
    "budget_duration",
    "tpm_limit",
    "rpm_limit",
    "max_parallel_requests",
    "models",
    "metadata",
    "sso_user_id",
}


def new_user(state: State, user_id: str) -> Json:
    now = state.stamp()
    return new("user", user_id=user_id, created_at=now, updated_at=now, organization_memberships=[])


def save_user(state: State, user: Json, body: Json) -> Json:
    """Set what `body` names; null clears."""
    if not state.version.clears_user_fields:
        body = {name: value for name, value in body.items() if value is not None}
    for name in _SETTABLE & body.keys():
        user[name] = body[name] if body[name] is not None else SHAPES["user"].get(name)
    if user["max_budget"] is not None:
        user["max_budget"] = float(user["max_budget"])
    if "budget_duration" in body:
        schedule(user, state.clock.now())
    return state.save("users", user["user_id"], user)


def ensure_user(state: State, user_id: str | None, email: str | None) -> Json:
    """The user with this id or address, made when there is none: what adding a stranger to a team does."""
    user_id = user_id or id_by_email(state, email) or str(uuid.uuid4())
    known = state.users.get(user_id)
    own = {"user_email": email, "user_role": "internal_user"}
    return known or save_user(state, new_user(state, user_id), own)


def id_by_email(state: State, email: str | None) -> str | None:
    if not email:
        return None
    wanted = email.lower()
    return next(
        (pk for pk, user in state.users.items() if (user["user_email"] or "").lower() == wanted), None
    )
