"""Taking and leaving a place in a team. Callers hold the team's row and have asked the policies."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts import audit
from accounts.models import Actor, AuditEvent, User
from litellm_sync import outbox
from litemaas import dry_run
from litemaas.inserting import insert_together
from teams.errors import LastTeamAdmin
from teams.models import Member, Team
from teams.services.hooks import membership_changed

_ADMIN = Member.Role.ADMIN


def take_place(
    team: Team,
    user: User,
    *,
    role: str,
    actor: Actor,
    source: str = Member.Source.MANUAL,
    max_budget: Decimal | None = None,
    added_by: User | None = None,
    former: Member | None = None,
    events: Iterable[AuditEvent] = (),
    now: datetime,
) -> Member:
    """Put somebody in who is not in: a new row, or the one from an earlier time, which is looked for unless given.
    `added_by` is the actor unless given. `events` are rows of the record to save with it."""
    former = former or place_in(team, user)
    by = added_by or (actor if isinstance(actor, User) else None)
    values: dict[str, Any] = {
        "role": role, "source": source, "max_budget": max_budget, "added_by": by, "joined_at": now, "removed_at": None,
    }  # fmt: skip
    facts = {"userId": str(user.pk), "role": role, "source": source}
    event = audit.draft("TEAM_MEMBER_ADD", actor=actor, obj=team, at=now, new=facts)
    member = former or Member(team=team, user=user)
    for name, value in values.items():
        setattr(member, name, value)
    if former is None:
        insert_together(*events, member, event)
    else:
        member.save(update_fields=list(values))
        insert_together(*events, event)
    outbox.mark_together({"user": [user.pk], "member": [member.pk]}, hurried=["member"], now=now)
    membership_changed([member], None, actor, now)
    return member


def place_in(team: Team, user: User) -> Member | None:
    """Somebody's row, also of one who left."""
    return Member.objects.filter(team=team, user=user).first()


def place_first_admins(team: Team, users: Iterable[User], *, actor: Actor, now: datetime) -> None:
    """Those who begin a team that was made just now."""
    by = actor if isinstance(actor, User) else None
    members = [Member(team=team, user=user, role=_ADMIN, added_by=by, joined_at=now) for user in users]
    events = [
        audit.draft(
            "TEAM_MEMBER_ADD",
            actor=actor,
            obj=team,
            at=now,
            new={"userId": str(member.user_id), "role": member.role, "source": member.source},
        )
        for member in members
    ]
    if members:
        insert_together(*members, *events)
    wishes = {
        "user": [member.user_id for member in members],
        "member": [member.pk for member in members],
        "team": [team.pk],
    }
    outbox.mark_together(wishes, hurried=["team", "member"], now=now)
    membership_changed(members, None, actor, now)


def give_up_place(
    member: Member, *, actor: Actor, reason: str = "", transfer_keys_to: UUID | None = None, now: datetime
) -> None:
    """Take somebody out. The row stays, so that the gateway can be told."""
    member.removed_at = max(now, member.joined_at)
    member.save(update_fields=["removed_at"])
    facts = {"reason": reason.strip()[:500]} if reason.strip() else {}
    facts |= {"transferKeysTo": str(transfer_keys_to)} if transfer_keys_to else {}
    audit.record(
        "TEAM_MEMBER_REMOVE",
        actor=actor,
        obj=member.team,
        at=now,
        old={"userId": str(member.user_id), "role": member.role},
        metadata=facts,
    )
    dry_run.note("USER", [(str(member.user_id), member.user.username)])
    outbox.mark_dirty("member", member.pk, now=now)
    membership_changed([member], transfer_keys_to, actor, now)


def change_role(member: Member, role: str, *, actor: Actor, now: datetime) -> None:
    """Give a member, whose row is not saved yet, another role."""
    old, member.role = member.role, role
    member.save()
    audit.record(
        "TEAM_MEMBER_ROLE_UPDATE",
        actor=actor,
        obj=member.team,
        at=now,
        old={"role": old},
        new={"role": role},
        metadata={"userId": str(member.user_id)},
    )
    membership_changed([member], None, actor, now)


def require_other_admin(member: Member) -> None:
    """Raises LastTeamAdmin when nobody else with an active account could look after the team. The default team needs
    nobody."""
    if member.role != _ADMIN or member.team.is_default:
        return
    others = Member.objects.current().filter(team=member.team, role=_ADMIN, user__is_active=True)
    if not others.exclude(pk=member.pk).exists():
        raise LastTeamAdmin
