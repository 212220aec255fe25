"""What must be true once everything has settled, said a second time and from the rows alone.

It shares no code with appliers, mirrors or `effective()`: a mistake there must not hide itself here.
"""

import hashlib
from datetime import datetime
from typing import Any

from apikeys import secrets
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync.models import GatewayObject
from subscriptions.models import Subscription
from teams.models import DEFAULT_TEAM_ID, Member
from tests.chaos.world import World


def wrongs(world: World) -> list[str]:
    """Everything that is not as it must be, in words."""
    there = world.gateway.describe()
    now = world.now()
    return [*_keys(there, now, world), *_teams(there), *_users(there, world)]


def _keys(there: dict[str, Any], now: datetime, world: World) -> list[str]:
    found = []
    rows = {row["token"]: row for row in there["keys"]}
    known = {
        row.token_hash: row for row in ApiKeySecret.objects.select_related("api_key__owner", "api_key__team")
    }
    for token, row in rows.items():
        if token not in known:
            if row["user_id"] not in world.strangers:
                found.append(f"orphan {row['key_alias']}")
            continue
        secret = known[token]
        key = secret.api_key
        if key.revoked_at is not None or secret.retired_at is not None:
            found.append(f"{key}: an ended key is still there")
            continue
        opened = _opened(key)
        may_work = bool(opened) and not key.is_blocked and (key.owner is None or key.owner.is_active)
        if row["blocked"] == may_work:
            found.append(f"{key}: blocked is {row['blocked']}, opens {opened}")
        if may_work and sorted(row["models"]) != opened:
            found.append(f"{key}: opens {row['models']} instead of {opened}")
        if not row["blocked"] and not row["models"]:
            found.append(f"{key}: open for everything")
        if (row["rpm_limit"], row["tpm_limit"]) != (key.rpm_limit, key.tpm_limit):
            found.append(f"{key}: limits {row['rpm_limit']}, {row['tpm_limit']}")
        if row["team_id"] != (str(key.team_id) if key.team_id else None):
            found.append(f"{key}: team {row['team_id']}")
        if key.max_budget is not None and row["max_budget"] is None:
            found.append(f"{key}: no budget")
    for secret in known.values():
        key = secret.api_key
        if key.revoked_at is None and secret.retired_at is None and secret.token_hash not in rows:
            found.append(f"{key}: missing, {_outbox('key', key.pk)}")
        text = secrets.read_from(secret)
        if text is not None and hashlib.sha256(text.encode()).hexdigest() != secret.token_hash:
            found.append(f"{key}: the kept secret is another one")
    return found


def _outbox(kind: str, pk: Any) -> str:
    row = GatewayObject.objects.filter(kind=kind, object_id=pk).first()
    return f"{row.sync_status}, {row.last_error}" if row else "no row"


def _opened(key: ApiKey) -> list[str]:
    return sorted(
        link.model_id for link in key.model_links.select_related("model") if _opens(key, link.model)
    )


def _opens(key: ApiKey, model: Any) -> bool:
    if model.availability != "available":
        return False
    owner, team = key.owner, key.team
    if owner is not None and not (
        owner.is_active and Subscription.objects.filter(user=owner, model=model, status="active").exists()
    ):
        return False
    if team is None:
        return True
    if not team.is_active:
        return False
    allowed = set(team.allowed_links.values_list("model_id", flat=True))
    if allowed and model.pk not in allowed:
        return False
    return owner is None or _uses_keys(team, owner)


def _uses_keys(team: Any, owner: Any) -> bool:
    place = Member.objects.filter(team=team, user=owner, removed_at__isnull=True).first()
    if place is None:
        return team.pk == DEFAULT_TEAM_ID
    return place.role in {"admin", "member"}


def _teams(there: dict[str, Any]) -> list[str]:
    found = []
    rows = {row["team_id"]: row for row in there["teams"]}
    for member in Member.objects.select_related("team"):
        row = rows.get(str(member.team_id))
        if member.team.deleted_at is not None:
            continue
        if row is None:
            found.append(f"team {member.team.name}: missing")
            continue
        is_in = any(place["user_id"] == str(member.user_id) for place in row["members_with_roles"])
        if is_in != (member.removed_at is None):
            found.append(
                f"member {member}: in the team over there is {is_in}, {_outbox('member', member.pk)}"
            )
        if row["blocked"] == member.team.is_active:
            found.append(f"team {member.team.name}: blocked is {row['blocked']}")
    return found


def _users(there: dict[str, Any], world: World) -> list[str]:
    """Strangers, and LiteLLM's own administrator, are not ours to judge."""
    not_ours = world.strangers | {"default_user_id"}
    wrong = [row["user_id"] for row in there["users"] if row["user_role"] == "proxy_admin"]
    return [f"user {user_id} administers the gateway" for user_id in wrong if user_id not in not_ours]
