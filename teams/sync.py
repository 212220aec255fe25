"""Bringing one team to the gateway at once, and saying what that changed (contract §9)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Actor
from litellm_sync import outbox
from litellm_sync.client import GatewayClient, gateway
from litellm_sync.errors import GatewayRefused, GatewayUnavailable, UnsupportedGateway
from litellm_sync.models import GatewayObject, GatewaySpend
from litemaas import errors
from teams import gateway as ours
from teams import policies
from teams.models import Member, Team

# A client gives up after 30 seconds: what is not done by then the workers do.
DEADLINE = 20.0


def sync_team(
    *, actor: Actor, team_id: UUID | str, force: bool, parts: set[str], now: datetime
) -> dict[str, str]:
    """`budget`, `members`, `usage` → updated, no_changes (also for what is not in `parts`) or error.

    `force` applies also what looks right already. Calls the gateway: not within a transaction.
    """
    team = Team.objects.visible_to(actor).get_or_refuse(team_id)
    if not policies.may_write_all(actor):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    client = gateway().hurried(DEADLINE)
    acts = {"budget": _sync_budget, "members": _sync_members, "usage": _sync_usage}
    return {
        name: _attempt(lambda act=act: act(team, client, force, now)) if name in parts else "no_changes"  # type: ignore[misc]
        for name, act in acts.items()
    }


def _attempt(act: Callable[[], bool]) -> str:
    try:
        return "updated" if act() else "no_changes"
    except (GatewayUnavailable, GatewayRefused, UnsupportedGateway):
        return "error"


def _sync_budget(team: Team, client: GatewayClient, force: bool, now: datetime) -> bool:
    present = client.get_team(str(team.pk))
    version = client.features().version_tuple
    is_right = (
        present is not None
        and not ours.team_differences(team, present, version)
        and bool(present.get("blocked")) != team.is_active
    )
    if not is_right or force:
        _apply("team", [team.pk], client, now)
    return not is_right


def _sync_members(team: Team, client: GatewayClient, force: bool, now: datetime) -> bool:
    present = client.get_team(str(team.pk))
    if present is None:
        raise GatewayUnavailable(_("The gateway does not know the team yet."))
    version = client.features().version_tuple
    wrong: list[UUID] = []
    right: list[UUID] = []
    for member in Member.objects.filter(team=team).select_related("team"):
        is_in = ours.is_in(present, str(member.user_id))
        is_right = is_in == member.is_current and not (
            is_in and ours.member_differences(member, present, version)
        )
        (right if is_right else wrong).append(member.pk)
    _apply("member", wrong + (right if force else []), client, now)
    return bool(wrong)


def _sync_usage(team: Team, client: GatewayClient, _force: bool, _now: datetime) -> bool:
    before = GatewaySpend.objects.of("team", [team.pk]).values_list("spend", "budget_reset_at").first()
    if not ours.keep_spend(team, client):
        raise GatewayUnavailable(_("The gateway does not tell the team's spend."))
    return (
        before != GatewaySpend.objects.of("team", [team.pk]).values_list("spend", "budget_reset_at").first()
    )


def _apply(kind: str, ids: list[UUID], client: GatewayClient, now: datetime) -> None:
    """Through the outbox, like everything: what fails here is tried again."""
    with transaction.atomic():
        outbox.mark_dirty(kind, ids, now=now, hurried=False)
    for pk in ids:
        outbox.apply_now(kind, pk, client=client)
    if GatewayObject.objects.dirty().filter(kind=kind, object_id__in=ids).exists():
        raise GatewayUnavailable(_("Not everything arrived."))
