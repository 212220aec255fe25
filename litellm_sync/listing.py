"""What the gateway has, read page by page, and one object of it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings

from litellm_sync.client import GatewayClient, KeyPage, ListPage
from litellm_sync.registry import Json

PAGE = 100
# LiteLLM makes these for itself: its administrator, who founds every team, and the sessions of its own pages.
_ITS_ADMINISTRATOR = "default_user_id"
_ITS_SESSIONS = "litellm-dashboard"
_NAMES = {"user": "user_alias", "team": "team_alias", "key": "key_alias", "model": "model_name"}
_MEMBER_LIMITS = (
    "max_budget",
    "tpm_limit",
    "rpm_limit",
    "budget_duration",
    "budget_reset_at",
    "allowed_models",
)


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` by gateway id. `counted` entries of the list's `total` were read for it (members come in teams)."""

    rows: dict[str, Json]
    counted: int
    total: int


def pages_of(kind: str, client: GatewayClient) -> Iterator[Page]:
    """Everything of this kind, in pages of a hundred at most. Raises the errors of `litellm_sync.errors` on the way."""
    return _PAGES[kind](client)


def fetch(kind: str, gateway_id: str, client: GatewayClient) -> Json | None:
    """One object as `pages_of` shows it, None when it is not there."""
    match kind:
        case "user":
            return client.get_user(gateway_id)
        case "team":
            return client.get_team(gateway_id)
        case "member":
            team_id, _, user_id = gateway_id.partition("/")
            team = client.get_team(team_id)
            return _members(team).get(f"{team_id}/{user_id}") if team else None
        case "key":
            return client.get_key(gateway_id)
    return client.get_deployment(gateway_id)


def is_its_own(kind: str, gateway_id: str, row: Json) -> bool:
    """Whether LiteLLM made this for itself, or its configuration file did: nothing that somebody should look at."""
    match kind:
        case "user":
            return gateway_id == _ITS_ADMINISTRATOR
        case "member":
            return bool(row["user_id"] == _ITS_ADMINISTRATOR)
        case "key":
            return bool(row.get("team_id") == _ITS_SESSIONS or gateway_id == _our_own_key())
        case "model":
            return not (row.get("model_info") or {}).get("db_model")
    return False


def label_of(kind: str, row: Json) -> str:
    """What people would recognise it by."""
    names = {
        "user": ("user_alias", "user_email"),
        "team": ("team_alias",),
        "key": ("key_alias",),
        "model": ("model_name",),
    }
    return next((str(row[name]) for name in names.get(kind, ()) if row.get(name)), "")[:255]


def _users(client: GatewayClient) -> Iterator[Page]:
    return _paged(client.list_users, "user_id")


def _teams(client: GatewayClient) -> Iterator[Page]:
    return _paged(client.list_teams, "team_id")


def _keys(client: GatewayClient) -> Iterator[Page]:
    return _paged(client.list_keys, "token")


def _paged(read: Callable[[int, int], KeyPage | ListPage], name: str) -> Iterator[Page]:
    number, total_pages = 1, 1
    while number <= total_pages:
        page = read(number, PAGE)
        yield Page(_by(page.rows, name), len(page.rows), page.total)
        number, total_pages = number + 1, page.total_pages


def _all_members(client: GatewayClient) -> Iterator[Page]:
    """A call for each team that has people in it: the list of teams tells neither their limits nor their spend."""
    for page in _teams(client):
        rows: dict[str, Json] = {}
        for team_id, team in page.rows.items():
            if any(
                member.get("user_id") != _ITS_ADMINISTRATOR for member in team.get("members_with_roles") or ()
            ):
                rows |= _members(client.get_team(team_id) or {})
        yield Page(rows, page.counted, page.total)


def _deployments(client: GatewayClient) -> Iterator[Page]:
    rows = client.list_deployments()
    by_id = {str(row["model_info"]["id"]): row for row in rows if (row.get("model_info") or {}).get("id")}
    yield Page(by_id, len(rows), len(rows))


def _members(team: Json) -> dict[str, Json]:
    """Who is in the team, flat: what the budget row says belongs to the member."""
    limits = {row["user_id"]: row for row in team.get("team_memberships") or ()}
    found: dict[str, Json] = {}
    for member in team.get("members_with_roles") or ():
        user_id = member.get("user_id")
        if not user_id:
            continue
        membership = limits.get(user_id) or {}
        budget = membership.get("litellm_budget_table") or {}
        found[f"{team['team_id']}/{user_id}"] = {
            "team_id": team["team_id"],
            "user_id": user_id,
            "role": member.get("role"),
            "spend": membership.get("spend"),
            **{name: budget.get(name) for name in _MEMBER_LIMITS},
        }
    return found


def _by(rows: list[Json], name: str) -> dict[str, Json]:
    return {str(row[name]): row for row in rows if row.get(name)}


def _our_own_key() -> str:
    return hashlib.sha256(settings.LITELLM_API_KEY.encode()).hexdigest()


_PAGES: dict[str, Callable[[GatewayClient], Iterator[Page]]] = {
    "user": _users,
    "team": _teams,
    "member": _all_members,
    "key": _keys,
    "model": _deployments,
}
