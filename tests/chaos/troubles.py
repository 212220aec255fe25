"""What goes wrong around the portal, and what somebody does in the gateway past it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from tests.chaos.world import World

_PATHS = ("*", "/key/*", "/user/*", "/team/*", "/key/list", "/user/list", "/v2/team/list")


def outage(world: World) -> None:
    """Short or long, of one part or of all."""
    kind = world.random.choice(["reset", "status", "garbage"])
    world.gateway.faults.add(kind, world.random.choice(_PATHS), count=world.random.randint(1, 25))


def lost_reply(world: World) -> None:
    world.gateway.faults.add(
        "lost_reply", world.random.choice(_PATHS), method="POST", count=world.random.randint(1, 3)
    )


def end_of_outage(world: World) -> None:
    world.gateway.faults.clear()
    world.move_clock(timedelta())


def clock_forward(world: World) -> None:
    world.move_clock(timedelta(seconds=world.random.choice([3, 40, 100, 900, 7200])))


def clock_back(world: World) -> None:
    world.move_clock(-timedelta(seconds=world.random.choice([1, 5, 60])))


def vanished_models(world: World) -> None:
    """The gateway's configuration loses some models, and has them again later."""
    share = world.random.choice([0.7, 0.85, 1.0])
    world.gateway.faults.add("shrunken_models", "/model/info", share=share, count=2)


# --- past the portal


def _edit(world: World, change: Callable[[], Any]) -> None:
    try:
        change()
    except (GatewayRefused, GatewayUnavailable):
        return


def _any(world: World, kind: str) -> Any:
    rows: dict[str, Any] = getattr(world.gateway.state, kind)
    name = world.pick(rows)
    return rows[name] if name and name != "default_user_id" else None


def edit_key(world: World) -> None:
    key = _any(world, "keys")
    change = world.random.choice(
        [
            {"max_budget": 1_000_000},
            {"models": []},
            {"models": ["all-proxy-models"]},
            {"rpm_limit": None},
            {"metadata": {"somebody": "was here"}},
            {"blocked": False},
            {"team_id": None},
            {"duration": "-1"},
            {"key_alias": f"renamed-{uuid4()}"},
        ]
    )
    if key is not None:
        _edit(world, lambda: world.hand.update_key(key["token"], **change))


def switch_key(world: World) -> None:
    key = _any(world, "keys")
    if key is not None:
        switch = world.hand.unblock_key if key["blocked"] else world.hand.block_key
        _edit(world, lambda: switch(key["token"]))


def delete_key(world: World) -> None:
    key = _any(world, "keys")
    if key is not None:
        _edit(world, lambda: world.hand.delete_key(key["token"]))


def edit_user(world: World) -> None:
    user = _any(world, "users")
    change = world.random.choice([{"max_budget": 3}, {"user_role": "proxy_admin"}, {"user_alias": "Mallory"}])
    if user is not None:
        _edit(world, lambda: world.hand.update_user(user_id=user["user_id"], **change))


def delete_user(world: World) -> None:
    user = _any(world, "users")
    if user is not None:
        _edit(world, lambda: world.hand.delete_user(user["user_id"]))


def edit_team(world: World) -> None:
    team = _any(world, "teams")
    change = world.random.choice(
        [{"max_budget": 3}, {"models": ["nope"]}, {"team_alias": "Ours now"}, {"blocked": True}]
    )
    if team is not None:
        _edit(world, lambda: world.hand.update_team(team["team_id"], **change))


def switch_team(world: World) -> None:
    team = _any(world, "teams")
    if team is not None:
        switch = world.hand.unblock_team if team["blocked"] else world.hand.block_team
        _edit(world, lambda: switch(team["team_id"]))


def delete_team(world: World) -> None:
    team = _any(world, "teams")
    if team is not None:
        _edit(world, lambda: world.hand.delete_team(team["team_id"]))


def expel_member(world: World) -> None:
    team = _any(world, "teams")
    people = (
        [m["user_id"] for m in team["members_with_roles"] if m["user_id"] != "default_user_id"]
        if team
        else []
    )
    user_id = world.pick(people)
    if user_id is not None:
        _edit(world, lambda: world.hand.remove_member(team["team_id"], user_id))


def edit_member(world: World) -> None:
    team = _any(world, "teams")
    people = (
        [m["user_id"] for m in team["members_with_roles"] if m["user_id"] != "default_user_id"]
        if team
        else []
    )
    user_id = world.pick(people)
    if user_id is not None:
        _edit(world, lambda: world.hand.update_member(team["team_id"], user_id, max_budget_in_team=777))


def edit_model(world: World) -> None:
    rows = [row for row in world.gateway.state.deployments.values() if row["model_info"].get("db_model")]
    row = world.pick(rows)
    if row is not None:
        change = {"litellm_params": {"model": row["litellm_params"]["model"], "rpm": 7777}}
        _edit(world, lambda: world.hand.update_deployment(row["model_info"]["id"], **change))


def delete_model(world: World) -> None:
    rows = [row for row in world.gateway.state.deployments.values() if row["model_info"].get("db_model")]
    row = world.pick(rows)
    if row is not None:
        _edit(world, lambda: world.hand.delete_deployment(row["model_info"]["id"]))


def stranger(world: World) -> None:
    """Somebody makes a user with a key over there."""
    if len(world.strangers) > 20:
        return
    name = f"stranger-{world.random.randrange(10**9)}"
    _edit(world, lambda: world.hand.create_user(user_id=name))
    _edit(world, lambda: world.hand.create_key(user_id=name, key_alias=name))
    world.strangers.add(name)


TROUBLES: list[tuple[int, Callable[[World], None]]] = [
    (6, outage),
    (6, lost_reply),
    (10, end_of_outage),
    (10, clock_forward),
    (3, clock_back),
    (2, vanished_models),
    (8, edit_key),
    (3, switch_key),
    (4, delete_key),
    (3, edit_user),
    (1, delete_user),
    (3, edit_team),
    (2, switch_team),
    (1, delete_team),
    (2, expel_member),
    (2, edit_member),
    (1, edit_model),
    (1, delete_model),
    (1, stranger),
]
