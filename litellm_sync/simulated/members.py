"""Members of teams, with their own budgets and limits inside the team."""

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.http import Request, refuse, refuse_in_detail
from litellm_sync.simulated.key_admin import archive_key
from litellm_sync.simulated.memberships import blank_membership, join, leave, set_limits, shown
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import Json, view
from litellm_sync.simulated.state import State
from litellm_sync.simulated.teams import team_of
from litellm_sync.simulated.validation import check_types, require

_PREMIUM = (
    "Assigning team admins is a premium feature. You must be a LiteLLM Enterprise user to use this feature."
)


@route("POST", "/team/member_add")
def add(state: State, _caller: Caller, request: Request) -> Json:
    """Add one or several; users that don't exist are made."""
    body = check_types(request.json())
    require(body, "member")
    team = team_of(state, body)
    wanted = body["member"] if isinstance(body["member"], list) else [body["member"]]
    if any(member.get("role") == "admin" for member in wanted):
        raise refuse_in_detail(400, {"error": _PREMIUM})
    for member in wanted:
        _refuse_if_in(team, member)
    users = [join(state, team, member, body) for member in wanted]
    state.save("teams", team["team_id"], {**team, "updated_at": state.stamp()})
    joined = [state.members[f"{team['team_id']}/{user['user_id']}"] for user in users]
    return {
        **view("team_new", state.teams[team["team_id"]]),
        "updated_users": [_plain(user) for user in users],
        "updated_team_memberships": [shown(member) for member in joined],
    }


@route("POST", "/team/member_update")
def update(state: State, _caller: Caller, request: Request) -> Json:
    body = check_types(request.json())
    require(body, "team_id")
    if body["team_id"] not in state.teams:
        raise refuse_in_detail(400, {"error": f"Team id={body['team_id']} does not exist in db"})
    team = team_of(state, body)
    if body.get("role") == "admin":
        raise refuse_in_detail(400, _PREMIUM)
    user_id = body.get("user_id") or _member_id(team, body)
    # Limits for somebody who is not in the team are kept all the same (seen on 1.109.1): joining is another call.
    member = state.members.get(f"{team['team_id']}/{user_id}") or blank_membership(
        state, team["team_id"], user_id
    )
    set_limits(state, member, body)
    if body.get("role"):
        entries = [
            {**m, "role": body["role"]} if m["user_id"] == user_id else m for m in team["members_with_roles"]
        ]
        state.save("teams", team["team_id"], {**team, "members_with_roles": entries})
    return {
        "user_id": user_id,
        "user_email": body.get("user_email"),
        "team_id": team["team_id"],
        "max_budget_in_team": member["max_budget"],
        "tpm_limit": member["tpm_limit"],
        "rpm_limit": member["rpm_limit"],
        "budget_duration": member["budget_duration"],
        "allowed_models": None,
        "temp_budget_increase": None,
        "temp_budget_expiry": None,
        "model_max_budget": None,
    }


@route("POST", "/team/member_delete")
def remove(state: State, caller: Caller, request: Request) -> Json:
    """Take a member out; the keys of that user in that team go too."""
    body = check_types(request.json())
    team = team_of(state, body)
    user_id = _member_id(team, body)
    own = [
        k["token"] for k in state.keys.values() if (k["user_id"], k["team_id"]) == (user_id, team["team_id"])
    ]
    for token in own:
        archive_key(state, token, caller)
    leave(state, team, user_id)
    return state.save("teams", team["team_id"], {**team, "updated_at": state.stamp()})


def _plain(user: Json) -> Json:
    listed = view("user_listed", user, organization_memberships=None)
    return {name: value for name, value in listed.items() if name != "key_count"}


def _refuse_if_in(team: Json, member: Json) -> None:
    for present in team["members_with_roles"]:
        same_id = member.get("user_id") and present["user_id"] == member["user_id"]
        same_address = member.get("user_email") and present["user_email"] == member["user_email"]
        if same_id or same_address:
            who = f"user_id={member.get('user_id')}, user_email={member.get('user_email')}"
            message = f"User already in team. Member: {who}."
            raise refuse(400, message, "team_member_already_in_team", "member")


def _member_id(team: Json, body: Json) -> str:
    for present in team["members_with_roles"]:
        if body.get("user_id") in (present["user_id"],) or (
            body.get("user_email") and body["user_email"] == present["user_email"]
        ):
            return str(present["user_id"])
    raise refuse_in_detail(400, {"error": "User not found in team"})
