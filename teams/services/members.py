"""Who is in a team, as what, and with which budget of one's own."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from litellm_sync import outbox
from litemaas import errors
from teams import policies, roles
from teams.errors import AlreadyMember, DefaultTeamStays, TeamInactive
from teams.limits import read_amount
from teams.models import Member, Team
from teams.services.places import change_role, give_up_place, place_in, require_other_admin, take_place
from teams.services.teams import locked

KEEP: Any = object()


@transaction.atomic(durable=True)
def add_member(
    *,
    actor: Actor,
    team_id: UUID | str,
    user_id: UUID,
    role: str = roles.MEMBER,
    max_budget: Decimal | None = None,
    now: datetime,
) -> Member:
    """Put somebody into the team without asking. A team's own administrators invite instead."""
    team = locked(actor, team_id)
    if not policies.may_write_all(actor):
        raise errors.Forbidden(
            _("Only an administrator of the portal adds people. Invite them."),
            requiredPermission="teams:write_all",
        )
    require_active(team)
    user = User.objects.active().filter(pk=user_id).first()
    if user is None:
        raise errors.InvalidInput(fields={"userId": _("There is no active account with this id.")})
    former = None if team.is_default else place_in(team, user)
    if team.is_default or (former is not None and former.is_current):
        raise AlreadyMember
    budget, role = _budget(team, max_budget), require_role(role)
    return take_place(team, user, role=role, actor=actor, max_budget=budget, former=former, now=now)


@transaction.atomic(durable=True)
def change_member(
    *,
    actor: Actor,
    team_id: UUID | str,
    user_id: UUID,
    role: str | None = None,
    max_budget: Decimal | None = KEEP,
    now: datetime,
) -> Member:
    """Change somebody's role, or the budget inside the team (None = none of one's own).

    What a person changed a group no longer takes back. Raises LastTeamAdmin.
    """
    team = locked(actor, team_id)
    if not policies.may_edit(actor, roles.role_in(team.pk, actor.pk)):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    member = _place_of(team, user_id, now)
    if role is not None and require_role(role) != member.role:
        require_other_admin(member)
        member.source = Member.Source.MANUAL
        change_role(member, role, actor=actor, now=now)
    if max_budget is not KEEP:
        give_budget(member, _budget(team, max_budget), actor=actor, now=now)
    return member


def give_budget(member: Member, budget: Decimal | None, *, actor: Actor, now: datetime) -> None:
    """In the caller's transaction, which holds the team."""
    old, member.max_budget = member.max_budget, budget
    if budget == old:
        return
    member.save(update_fields=["max_budget"])
    audit.record(
        "TEAM_MEMBER_BUDGET_UPDATE",
        actor=actor,
        obj=member.team,
        at=now,
        old={"maxBudgetInTeam": _text(old)},
        new={"maxBudgetInTeam": _text(budget)},
        metadata={"userId": str(member.user_id)},
    )
    outbox.mark_dirty("member", member.pk, now=now)


@transaction.atomic(durable=True)
def remove_member(
    *,
    actor: Actor,
    team_id: UUID | str,
    user_id: UUID,
    reason: str = "",
    transfer_keys_to: UUID | None = None,
    now: datetime,
) -> Member:
    """Take somebody out of the team, or leave it. The keys move to `transfer_keys_to`, else they stop to work.

    Raises LastTeamAdmin, and InvalidInput where nobody who may hold keys of the team takes them over.
    """
    team = locked(actor, team_id)
    if team.is_default:
        raise DefaultTeamStays
    member = _present(team, user_id)
    if not (policies.may_edit(actor, roles.role_in(team.pk, actor.pk)) or policies.may_leave(actor, member)):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    require_other_admin(member)
    if transfer_keys_to is not None:
        _require_heir(team, member, transfer_keys_to)
    give_up_place(member, actor=actor, reason=reason, transfer_keys_to=transfer_keys_to, now=now)
    return member


def _present(team: Team, user_id: UUID) -> Member:
    member = Member.objects.current().filter(team=team, user_id=user_id).select_related("team").first()
    if member is None:
        raise errors.NotFound(_("This person is not in the team."))
    return member


def _place_of(team: Team, user_id: UUID, now: datetime) -> Member:
    """The row to change. In the default team it is made when first needed."""
    if not team.is_default:
        return _present(team, user_id)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(_("This person is not in the team."))
    member, _made = Member.objects.get_or_create(
        team=team, user=user, defaults={"joined_at": user.created_at}
    )
    return member


def _require_heir(team: Team, member: Member, heir_id: UUID) -> None:
    heirs = Member.objects.current().filter(team=team, user__is_active=True, role__in=roles.USES_KEYS)
    if not heirs.exclude(pk=member.pk).filter(user_id=heir_id).exists():
        text = _("Choose somebody else in the team who may hold its keys.")
        raise errors.InvalidInput(fields={"transferKeysTo": text})


def require_role(role: str) -> str:
    if role not in Member.Role.values:
        raise errors.InvalidInput(fields={"role": _("Choose admin, member or viewer.")})
    return role


def _budget(team: Team, value: Any) -> Decimal | None:
    try:
        amount = read_amount(value)
    except ValueError as error:
        raise errors.InvalidInput(fields={"maxBudgetInTeam": str(error)}) from None
    if amount is not None and team.max_budget is not None and amount > team.max_budget:
        raise errors.InvalidInput(fields={"maxBudgetInTeam": _("This is above the team's budget.")})
    return amount


def require_active(team: Team) -> None:
    if not team.is_active:
        raise TeamInactive


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
