"""Offers to join a team: made, sent again, taken back, answered."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Actor, AuditEvent, User
from litemaas import crypto, errors
from litemaas.inserting import insert_together
from notifications.kinds import wants
from notifications.services import notify
from teams import policies, roles
from teams.errors import AlreadyInvited, AlreadyMember, InvitationEnded
from teams.models import Invitation, Member, Team
from teams.services.members import require_active, require_role
from teams.services.places import place_in, take_place
from teams.services.teams import locked
from teams.tasks import hurry_mail

LONGEST_DAYS = 30
_S = Invitation.Status


@dataclass(frozen=True)
class IssuedInvitation:
    """`link` is shown once, where no mail brings it: None when one does."""

    invitation: Invitation
    link: str | None


@transaction.atomic(durable=True)
def invite(
    *,
    actor: Actor,
    team_id: UUID | str,
    email: str = "",
    user_id: UUID | None = None,
    role: str = roles.MEMBER,
    expires_in_days: int = 7,
    message: str = "",
    now: datetime,
) -> IssuedInvitation:
    """Offer somebody a place, by account or by e-mail address; good until it is answered or its days are over."""
    team = locked(actor, team_id)
    if not policies.may_edit(actor, roles.role_in(team.pk, actor.pk)):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    require_active(team)
    _check(email, user_id, expires_in_days, message)
    user = _invited(user_id)
    address = (user.email if user else email.strip()).lower()
    _refuse_doubles(team, user, address, now)
    row = Invitation(
        team=team,
        email="" if user else address,
        user=user,
        role=require_role(role),
        message=message.strip(),
        invited_by=actor if isinstance(actor, User) else None,
        expires_at=now + timedelta(days=expires_in_days),
        created_at=now,
    )
    link = _issue_token(row, address)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise AlreadyInvited from None
    _record("TEAM_INVITE_CREATE", row, actor, now, role=row.role)
    _notify(row, address, now)
    return IssuedInvitation(row, link)


def _notify(row: Invitation, address: str, now: datetime) -> None:
    """Those who have an account also find it in the portal."""
    people = Q(pk=row.user_id) if row.user_id else Q(email__iexact=address)
    notify(
        user_ids=User.objects.active().filter(people).values_list("pk", flat=True),
        kind="invitation",
        title=gettext_noop("You are invited to the team “%(team)s”"),
        # What the person who invites wrote, as it is.
        body="%(message)s" if row.message else "",
        parameters={"team": row.team.name, "message": row.message},
        link="/teams",
        once=f"invitation {row.pk}",
        # The mail with the link tells it, where there is one.
        by_mail=not mail_is_sent(),
        now=now,
    )


def _check(email: str, user_id: UUID | None, days: int, message: str) -> None:
    wrong = {}
    if bool(email.strip()) == bool(user_id):
        wrong["email"] = _("Give either an e-mail address or a user.")
    elif email.strip():
        try:
            validate_email(email.strip())
        except ValidationError:
            wrong["email"] = _("This is not an e-mail address.")
    if not 1 <= days <= LONGEST_DAYS:
        wrong["expiresInDays"] = _("Choose 1 to %(n)s days.") % {"n": LONGEST_DAYS}
    if len(message.strip()) > 500:
        wrong["message"] = _("Use at most %(n)s characters.") % {"n": 500}
    if wrong:
        raise errors.InvalidInput(fields=wrong)


def _invited(user_id: UUID | None) -> User | None:
    if user_id is None:
        return None
    user: User | None = User.objects.active().filter(pk=user_id).first()
    if user is None:
        raise errors.InvalidInput(fields={"userId": _("There is no active account with this id.")})
    return user


def _refuse_doubles(team: Team, user: User | None, address: str, now: datetime) -> None:
    same = Q(user__email__iexact=address) if address else Q(pk=None)
    same |= Q(user=user) if user else Q(pk=None)
    if team.is_default or Member.objects.current().filter(same, team=team).exists():
        raise AlreadyMember
    rows = Invitation.objects.filter(team=team, status=_S.PENDING)
    rows.filter(expires_at__lte=now).update(status=_S.EXPIRED, decided_at=now, sealed_token=None)
    if rows.filter(same | (Q(email__iexact=address) if address else Q(pk=None))).exists():
        raise AlreadyInvited


def _issue_token(row: Invitation, address: str) -> str | None:
    """Give the row a new token. It is kept encrypted for the mail that will bring it, or its link is the answer."""
    token = secrets.token_urlsafe(32)
    row.token_hash = token_hash(token)
    row.mailed_at = None
    if _is_mailed(address):
        row.sealed_token = crypto.seal(token, bound_to=f"invitation:{row.pk}")
        transaction.on_commit(lambda: hurry_mail(row.pk), robust=True)
        return None
    row.sealed_token = None
    return link_of(token)


def _is_mailed(address: str) -> bool:
    """Not to an account that wants no such mails: its link is the inviter's to give, and it is told in the portal."""
    if not address or not mail_is_sent():
        return False
    account = User.objects.active().filter(email__iexact=address).first()
    return account is None or wants(account.preferences, "invitation", "mail")


def mail_is_sent() -> bool:
    """Whether mail reaches anybody: the console's backend would print the link into the log."""
    return not settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend"))


def link_of(token: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/invitations/{token}"


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic(durable=True)
def resend_invitation(
    *, actor: Actor, team_id: UUID | str, invitation_id: UUID, now: datetime
) -> IssuedInvitation:
    """Send it again with a new link and as many days as at first; the old link ends."""
    row = _locked_of_team(actor, team_id, invitation_id)
    require_active(row.team)
    if row.status != _S.PENDING:
        raise InvitationEnded(status=row.status)
    row.expires_at = now + (row.expires_at - row.created_at)
    row.created_at = now
    link = _issue_token(row, row.user.email if row.user else row.email)
    row.save()
    _record("TEAM_INVITE_RESEND", row, actor, now)
    return IssuedInvitation(row, link)


@transaction.atomic(durable=True)
def revoke_invitation(*, actor: Actor, team_id: UUID | str, invitation_id: UUID, now: datetime) -> Invitation:
    """Take an offer back. One that was taken back already stays so."""
    row = _locked_of_team(actor, team_id, invitation_id)
    if row.status in {_S.ACCEPTED, _S.DECLINED}:
        raise InvitationEnded(status=row.status)
    if row.status == _S.PENDING:
        _decide(row, _S.REVOKED, now)
        _record("TEAM_INVITE_REVOKE", row, actor, now)
    return row


def _locked_of_team(actor: Actor, team_id: UUID | str, invitation_id: UUID) -> Invitation:
    team = locked(actor, team_id)
    if not policies.may_edit(actor, roles.role_in(team.pk, actor.pk)):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    rows = Invitation.objects.filter(team=team).select_related("team", "user")
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=invitation_id).first()
    if row is None:
        raise errors.NotFound(_("This invitation does not exist."))
    return row


@transaction.atomic(durable=True)
def accept_invitation(*, actor: User, handle: str, now: datetime) -> Member:
    """Take the place that was offered to this account or its e-mail address.

    `handle` is the token of the link, or the invitation's id: who may answer is decided by the account, so the token
    is needed only to find the invitation. Of several answers at once the first one counts. Raises InvitationEnded.
    """
    row = _locked_for(actor, handle, now)
    if not row.team.is_active:
        raise InvitationEnded(_("The team of this invitation is deactivated."), status=row.status)
    _decide(row, _S.ACCEPTED, now)
    event = _event("TEAM_INVITE_ACCEPT", row, actor, now)
    former = place_in(row.team, actor)
    if former is not None and former.is_current:
        insert_together(event)
        return former
    return take_place(
        row.team,
        actor,
        role=row.role,
        actor=actor,
        added_by=row.invited_by,
        former=former,
        events=[event],
        now=now,
    )


@transaction.atomic(durable=True)
def decline_invitation(*, actor: User, handle: str, now: datetime) -> Invitation:
    row = _locked_for(actor, handle, now)
    _decide(row, _S.DECLINED, now)
    _record("TEAM_INVITE_DECLINE", row, actor, now)
    return row


def find_invitation(actor: User, handle: str) -> Invitation:
    """The invitation that this account may answer. Raises NotFound."""
    rows = Invitation.objects.addressed_to(actor).filter(team__deleted_at__isnull=True)
    try:
        wanted = Q(pk=UUID(handle))
    except ValueError:
        wanted = Q(token_hash=token_hash(handle))
    row = rows.filter(wanted).select_related("team", "invited_by").first()
    if row is None:
        raise errors.NotFound(_("This invitation does not exist, or it is for another account."))
    return row


def _locked_for(actor: User, handle: str, now: datetime) -> Invitation:
    """The pending invitation, after its team: the order in which all use cases of teams lock."""
    if not policies.may_answer_invitations(actor):
        raise errors.Forbidden(requiredPermission="teams:write")
    found = find_invitation(actor, handle)
    team = Team.objects.select_for_update(no_key=True).get(pk=found.team_id)
    row = (
        Invitation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("invited_by")
        .get(pk=found.pk)
    )
    row.team = team
    status = row.status_at(now)
    # A link that was sent again ends the one before it.
    if status != _S.PENDING or row.token_hash != found.token_hash:
        raise InvitationEnded(status=status)
    return row


def _decide(row: Invitation, status: str, now: datetime) -> None:
    row.status, row.decided_at, row.sealed_token = status, now, None
    row.save(update_fields=["status", "decided_at", "sealed_token"])


def _record(action: str, row: Invitation, actor: Actor, now: datetime, **facts: str) -> None:
    insert_together(_event(action, row, actor, now, **facts))


def _event(action: str, row: Invitation, actor: Actor, now: datetime, **facts: str) -> AuditEvent:
    who = {"userId": str(row.user_id)} if row.user_id else {"email": row.email}
    about = {"invitationId": str(row.pk), **who, **facts}
    return audit.draft(action, actor=actor, obj=row.team, at=now, metadata=about)


def expire_invitations(*, now: datetime) -> int:
    """End those whose days are over; how many."""
    due = Invitation.objects.filter(status=_S.PENDING, expires_at__lte=now)
    return due.update(status=_S.EXPIRED, decided_at=now, sealed_token=None)
