"""What LiteLLM should know of a team and its members, and how it is made to.

A team is never deleted there: its keys and their spend would go with it. One that is switched off or deleted here is
blocked. LiteLLM adds whoever makes a team as its administrator; that entry is nobody's of ours and is left alone, as
are fields and metadata that we don't manage.
"""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from litellm_sync import outbox, windows
from litellm_sync.client import GatewayClient
from litellm_sync.differences import differences
from litellm_sync.errors import GatewayConflict, GatewayRefused, GatewayUnavailable
from litellm_sync.models import GatewayObject
from litellm_sync.spend import Spend, read_moment, read_spend, record_spend
from teams.models import Member, Team

_SINCE_1_91 = (1, 91)
_OUR_METADATA = ("portal", "portal_metadata")


def desired_team(team: Team, version: tuple[int, ...]) -> dict[str, Any]:
    """The fields that we decide, as LiteLLM names them; `metadata` holds our own entries only.

    No models means all models to LiteLLM, and here, too: what a key opens is its own list.
    """
    body = {
        "team_alias": team.alias or team.name,
        "models": sorted(link.model_id for link in team.allowed_links.all()),
        "max_budget": _raised(team.max_budget, team),
        "budget_duration": windows.at_gateway(team.budget_window),
        "tpm_limit": team.tpm_limit,
        "rpm_limit": team.rpm_limit,
        "metadata": {"portal": "litemaas", "portal_metadata": team.metadata},
    }
    # A soft budget only warns, and the portal warns by itself: an older gateway loses nothing.
    return body | ({"soft_budget": _raised(team.soft_budget, team)} if version >= _SINCE_1_91 else {})


def _raised(amount: Decimal | None, team: Team) -> Decimal | None:
    """A budget with what was spent before the spend was reset."""
    return amount if amount is None or team.spend_offset is None else amount + team.spend_offset


def desired_member(member: Member, version: tuple[int, ...]) -> dict[str, Any]:
    """Role and limits inside the team. A member's budget starts anew with the team's, from 1.91; before that never.

    Everybody is a plain user there: LiteLLM's own team administrators need a licence, and ours work here.
    """
    duration = windows.at_gateway(member.team.budget_window) if member.max_budget is not None else None
    body: dict[str, Any] = {"role": "user", "max_budget": member.max_budget}
    return body | ({"budget_duration": duration} if version >= _SINCE_1_91 else {})


def apply_team(team_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's team match the portal's row. Idempotent; raises the gateway's errors."""
    team = Team.objects.prefetch_related("allowed_links").filter(pk=team_id).first()
    if team is None:
        return
    present = client.get_team(str(team_id))
    if present is None and team.deleted_at is not None:
        return
    if present is None:
        present = _create(team, client)
    if not team.is_active and not present.get("blocked"):
        client.block_team(str(team_id))
    _follow_spend(team, present)
    if changes := team_differences(team, present, client.features().version_tuple):
        client.update_team(str(team_id), **changes)
    if team.is_active and present.get("blocked"):
        client.unblock_team(str(team_id))
    if team.spend_offset is not None and "budget_duration" in changes:
        # A new window begins elsewhere and does not touch what was spent.
        _keep_offset(team, team.spend_offset, (client.get_team(str(team_id)) or {}).get("budget_reset_at"))


def _create(team: Team, client: GatewayClient) -> dict[str, Any]:
    body = desired_team(team, client.features().version_tuple)
    # A conflict: an earlier try of ours may have got through after all. The reading below decides.
    with suppress(GatewayConflict):
        client.create_team(
            team_id=str(team.pk), **{name: value for name, value in body.items() if value is not None}
        )
    present = client.get_team(str(team.pk))
    if present is None:
        raise GatewayUnavailable(_("The gateway confirmed the team but does not know it."))
    with transaction.atomic():
        # Had the team been there before and vanished, its members vanished with it. Those still to come come anyway.
        coming = GatewayObject.objects.dirty().filter(kind="member").values("object_id")
        members = Member.objects.current().filter(team=team).exclude(pk__in=coming)
        outbox.mark_dirty("member", members.values_list("pk", flat=True), now=timezone.now())
    return present


def read_team(row: dict[str, Any]) -> dict[str, Any]:
    """The gateway's row, of its metadata those entries only that are ours."""
    there = row.get("metadata") or {}
    return {**row, "metadata": {name: there[name] for name in _OUR_METADATA if name in there}}


def team_differences(team: Team, present: dict[str, Any], version: tuple[int, ...]) -> dict[str, Any]:
    """The fields to change so that the gateway's row is as we want it, apart from `blocked`."""
    wanted = desired_team(team, version)
    changes = {found.field: found.wanted for found in differences(wanted, read_team(present))}
    if "metadata" in changes:
        # LiteLLM replaces metadata as a whole, and keeps things of its own there.
        changes["metadata"] = {**(present.get("metadata") or {}), **changes["metadata"]}
    if windows_are_idle(present, wanted):
        changes.pop("budget_duration", None)
    return changes


def windows_are_idle(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """1.80 keeps a window that it is told to clear; without a budget it means nothing."""
    return (
        wanted["budget_duration"] is None and wanted["max_budget"] is None and not present.get("max_budget")
    )


def _follow_spend(team: Team, present: dict[str, Any]) -> None:
    """Carry out a wish that spend counts from 0, or forget an earlier one whose window has ended.

    What LiteLLM counts lags some seconds behind the calls, so a little of the past may count towards the new beginning.
    """
    told = read_spend(present)
    if told is None:
        return
    spend, until = told
    wanted, done = team.spend_reset_wanted_at, team.spend_reset_done_at
    if wanted is not None and (done is None or done < wanted):
        if _keep_offset(team, spend, present.get("budget_reset_at"), done=wanted):
            record_spend("team", [Spend(str(team.pk), team.pk, spend, until)], as_of=timezone.now())
    elif team.spend_offset is not None and team.spend_offset_until != until:
        Team.objects.filter(pk=team.pk, spend_offset_until=team.spend_offset_until).update(
            spend_offset=None, spend_offset_until=None
        )
        team.spend_offset = team.spend_offset_until = None


def _keep_offset(team: Team, spend: Decimal, until: Any, *, done: datetime | None = None) -> bool:
    """Whether the row took it: not after a later wish was carried out."""
    done = done or team.spend_reset_done_at
    rows = Team.objects.filter(
        Q(spend_reset_done_at__isnull=True) | Q(spend_reset_done_at__lte=done), pk=team.pk
    )
    team.spend_offset, team.spend_offset_until = spend, read_moment(until)
    return bool(
        rows.update(spend_offset=spend, spend_offset_until=team.spend_offset_until, spend_reset_done_at=done)
    )


def keep_spend(team: Team, client: GatewayClient) -> bool:
    """Take the team's spend over from the gateway now. False when the gateway does not know the team."""
    asked_at = timezone.now()
    present = client.get_team(str(team.pk))
    told = read_spend(present) if present is not None else None
    if told is None:
        return False
    record_spend("team", [Spend(str(team.pk), team.pk, told[0], told[1])], as_of=asked_at)
    return True


def apply_member(member_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's member match the portal's row. Idempotent; raises the gateway's errors."""
    member = Member.objects.select_related("team").filter(pk=member_id).first()
    if member is None:
        return
    team_id, user_id = str(member.team_id), str(member.user_id)
    if not member.is_current:
        _remove(member, client)
        return
    outbox.require_applied("user", member.user_id, client=client)
    outbox.require_applied("team", member.team_id, client=client)
    present = client.get_team(team_id)
    if present is None:
        # Deleted over there behind our back.
        apply_team(member.team_id, client)
        present = client.get_team(team_id)
    if present is None:
        raise GatewayUnavailable(_("The team of this member is not in the gateway."))
    version = client.features().version_tuple
    if not is_in(present, user_id):
        wanted = desired_member(member, version)
        limits = {name: value for name, value in wanted.items() if value is not None}
        if "max_budget" in limits:
            limits["max_budget_in_team"] = limits.pop("max_budget")
        with suppress(GatewayConflict):
            client.add_member(team_id, user_id, **limits)
            return
    if changes := member_differences(member, present, version):
        client.update_member(team_id, user_id, **changes)


def is_in(team: dict[str, Any], user_id: str) -> bool:
    return any(entry.get("user_id") == user_id for entry in team.get("members_with_roles") or [])


def member_differences(member: Member, team: dict[str, Any], version: tuple[int, ...]) -> dict[str, Any]:
    """The fields to change so that the membership in the gateway's team is as we want it."""
    changes = {
        found.field: found.wanted
        for found in differences(desired_member(member, version), read_membership(team, str(member.user_id)))
    }
    if "max_budget" in changes:
        changes["max_budget_in_team"] = changes.pop("max_budget")
    return changes


def read_membership(team: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Role and limits of one member, from the gateway's team."""
    places = [entry for entry in team.get("members_with_roles") or [] if entry.get("user_id") == user_id]
    rows = [row for row in team.get("team_memberships") or [] if row.get("user_id") == user_id]
    limits = (rows[0].get("litellm_budget_table") if rows else None) or {}
    return {**limits, "role": places[0].get("role") if places else None}


def _remove(member: Member, client: GatewayClient) -> None:
    """Take the member out of the gateway's team, which would delete the member's keys in it.

    Keys of ours are moved or detached first (`portal_key_id` names them), so that their spend survives. A key that is
    not ours stops this: it is no leaver's affair to delete what somebody made over there.
    """
    team_id, user_id = str(member.team_id), str(member.user_id)
    present = client.get_team(team_id)
    if present is None or not is_in(present, user_id):
        return
    for key in _keys_of(member, client):
        if ours := _portal_key(key):
            outbox.require_applied("key", ours, client=client)
    for key in _keys_of(member, client):
        if _portal_key(key):
            raise GatewayUnavailable(_("A key of this member still has to be moved."))
        text = f"The gateway holds the key {key.get('key_alias') or key.get('key_name')} of this member in the team, "
        raise GatewayRefused(
            text + "which the portal does not know. Adopt or delete it, then try again.", status=409
        )
    client.remove_member(team_id, user_id)


def _keys_of(member: Member, client: GatewayClient) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"user_id": str(member.user_id), "team_id": str(member.team_id)}
    page = client.list_keys(1, **asked)
    return [key for key in page.keys if all(key.get(name) == value for name, value in asked.items())]


def _portal_key(key: dict[str, Any]) -> UUID | None:
    raw = (key.get("metadata") or {}).get("portal_key_id")
    with suppress(ValueError, TypeError, AttributeError):
        return UUID(raw)
    return None
