"""Offers to join a team: one answer each, one mail each."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEvent
from litemaas import errors
from notifications.models import Letter, Notification
from teams import mail as invitation_mail
from teams import services, tasks
from teams.errors import AlreadyInvited, AlreadyMember, InvitationEnded, TeamInactive
from teams.models import DEFAULT_TEAM_ID, Invitation, Member
from teams.roles import role_in
from teams.services.invitations import token_hash
from tests.concurrency import in_parallel
from tests.factories import NOW, UserFactory
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def no_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"


@pytest.fixture
def guest(db):
    return UserFactory(username="guest", email="Guest@example.com")


def invite(actor, team, **more):
    return services.invite(actor=actor, team_id=team.pk, now=NOW, **more)


def token_of(issued):
    return issued.link.rsplit("/", 1)[1]


def accept(user, handle, now=LATER):
    return services.accept_invitation(actor=user, handle=handle, now=now)


def test_a_link_brings_somebody_in(no_mail, head, team, guest):
    issued = invite(head, team, email="guest@EXAMPLE.com", role="viewer")
    row = accept(guest, token_of(issued))
    assert (row.role, row.user, row.added_by, row.source) == ("viewer", guest, head, "manual")
    assert Invitation.objects.get().status == "accepted"
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["TEAM_INVITE_CREATE", "TEAM_INVITE_ACCEPT", "TEAM_MEMBER_ADD"]


def test_only_the_tokens_hash_is_kept(no_mail, head, team):
    issued = invite(head, team, email="a@example.com")
    row = Invitation.objects.get()
    assert row.token_hash == token_hash(token_of(issued))
    assert row.sealed_token is None
    assert token_of(issued) not in str(AuditEvent.objects.values_list("metadata", "new_values"))


def test_a_link_works_once(no_mail, head, team, guest):
    token = token_of(invite(head, team, email=guest.email))
    accept(guest, token)
    services.remove_member(actor=head, team_id=team.pk, user_id=guest.pk, now=LATER)
    with pytest.raises(InvitationEnded):
        accept(guest, token)


def test_a_link_is_for_its_account_only(no_mail, head, team, guest):
    by_address = invite(head, team, email=guest.email)
    other = UserFactory()
    by_account = invite(head, team, user_id=other.pk)
    for user, issued in ((other, by_address), (guest, by_account), (UserFactory(email=""), by_address)):
        with pytest.raises(errors.NotFound):
            accept(user, token_of(issued))
    with pytest.raises(errors.NotFound):
        accept(guest, "no-such-token")


def test_the_id_is_as_good_as_the_token_for_whom_it_is_meant(no_mail, head, team, guest):
    issued = invite(head, team, user_id=guest.pk)
    assert accept(guest, str(issued.invitation.pk)).user == guest


def test_a_link_ends_with_its_days(no_mail, head, team, guest):
    issued = invite(head, team, email=guest.email, expires_in_days=1)
    with pytest.raises(InvitationEnded) as refusal:
        accept(guest, token_of(issued), NOW + timedelta(days=1))
    assert refusal.value.data == {"status": "expired"}
    assert services.expire_invitations(now=NOW + timedelta(days=1)) == 1
    assert services.expire_invitations(now=NOW + timedelta(days=1)) == 0
    assert Invitation.objects.get().status == "expired"


def test_declining_ends_it(no_mail, head, team, guest):
    issued = invite(head, team, email=guest.email)
    services.decline_invitation(actor=guest, handle=token_of(issued), now=LATER)
    with pytest.raises(InvitationEnded):
        accept(guest, token_of(issued))
    assert role_in(team.pk, guest.pk) is None


def test_taking_an_offer_back_ends_it_and_may_be_repeated(no_mail, head, team, guest):
    issued = invite(head, team, email=guest.email)
    for _ in range(2):
        row = services.revoke_invitation(
            actor=head, team_id=team.pk, invitation_id=issued.invitation.pk, now=LATER
        )
    assert row.status == "revoked"
    assert AuditEvent.objects.filter(action="TEAM_INVITE_REVOKE").count() == 1
    with pytest.raises(InvitationEnded):
        accept(guest, token_of(issued))


def test_what_was_answered_is_neither_taken_back_nor_sent_again(no_mail, head, team, guest):
    issued = invite(head, team, email=guest.email)
    accept(guest, token_of(issued))
    for act in (services.revoke_invitation, services.resend_invitation):
        with pytest.raises(InvitationEnded):
            act(actor=head, team_id=team.pk, invitation_id=issued.invitation.pk, now=LATER)


def test_sending_again_ends_the_old_link(no_mail, head, team, guest):
    first = invite(head, team, email=guest.email, expires_in_days=3)
    second = services.resend_invitation(
        actor=head, team_id=team.pk, invitation_id=first.invitation.pk, now=NOW + timedelta(days=5)
    )
    assert second.invitation.expires_at == NOW + timedelta(days=8)
    with pytest.raises(errors.NotFound):
        accept(guest, token_of(first), NOW + timedelta(days=6))
    assert accept(guest, token_of(second), NOW + timedelta(days=6))


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts(no_mail, head, team, guest):
    token = token_of(invite(head, team, email=guest.email))
    answers = in_parallel(5, lambda: accept(guest, token))
    assert sorted(type(a).__name__ for a in answers) == [*["InvitationEnded"] * 4, "Member"]
    assert Member.objects.current().filter(team=team, user=guest).count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_offers_at_once_are_one(no_mail, head, team):
    answers = in_parallel(4, lambda: invite(head, team, email="new@example.com"))
    assert sorted(type(a).__name__ for a in answers) == [*["AlreadyInvited"] * 3, "IssuedInvitation"]


def test_nobody_is_invited_twice_by_two_names(no_mail, head, team, guest, member):
    invite(head, team, email=guest.email)
    with pytest.raises(AlreadyInvited):
        invite(head, team, user_id=guest.pk)
    for same in ({"email": member.email}, {"user_id": member.pk}):
        with pytest.raises(AlreadyMember):
            invite(head, team, **same)


def test_after_its_days_somebody_can_be_invited_again(no_mail, head, team):
    invite(head, team, email="a@example.com", expires_in_days=1)
    services.invite(actor=head, team_id=team.pk, email="a@example.com", now=NOW + timedelta(days=2))
    assert sorted(Invitation.objects.values_list("status", flat=True)) == ["expired", "pending"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "email"),
        ({"email": "not an address"}, "email"),
        ({"email": "a@example.com", "expires_in_days": 31}, "expiresInDays"),
        ({"email": "a@example.com", "expires_in_days": 0}, "expiresInDays"),
        ({"email": "a@example.com", "message": "x" * 501}, "message"),
        ({"email": "a@example.com", "role": "boss"}, "role"),
        ({"user_id": DEFAULT_TEAM_ID}, "userId"),
    ],
)
def test_what_makes_no_sense_is_named(head, team, wrong, field):
    with pytest.raises(errors.InvalidInput) as refusal:
        invite(head, team, **wrong)
    assert field in refusal.value.fields


def test_members_and_strangers_invite_nobody(member, team, guest):
    with pytest.raises(errors.Forbidden):
        invite(member, team, user_id=guest.pk)
    with pytest.raises(errors.NotFound):
        invite(guest, team, email="a@example.com")


def test_a_team_that_is_off_takes_nobody(no_mail, operator, head, team, guest):
    issued = invite(head, team, email=guest.email)
    services.change_team(actor=operator, team_id=team.pk, changes={"is_active": False}, now=LATER)
    with pytest.raises(InvitationEnded):
        accept(guest, token_of(issued))
    with pytest.raises(TeamInactive):
        invite(head, team, email="b@example.com")


def test_a_reader_answers_nothing(no_mail, head, team):
    reader = UserFactory(roles=["readonly"])
    issued = invite(head, team, user_id=reader.pk)
    with pytest.raises(errors.Forbidden):
        accept(reader, token_of(issued))


def test_who_was_put_in_meanwhile_keeps_the_role(no_mail, head, team, guest):
    issued = invite(head, team, email=guest.email)
    put_in(team, guest, "admin")
    assert accept(guest, token_of(issued)).role == "admin"


def test_who_has_an_account_is_told_in_the_portal(no_mail, head, team, guest):
    invite(head, team, email=guest.email)
    invite(head, team, email="nobody@example.com")
    told = Notification.objects.get()
    assert (told.user, told.kind, told.parameters) == (
        guest,
        "invitation",
        {"team": "Physics", "message": ""},
    )


# --- the mail


def send(invitation_id):
    return invitation_mail.send_invitation(invitation_id, now=LATER)


def test_the_mail_brings_the_link_in_text_and_html(head, team, guest):
    issued = invite(head, team, email=guest.email, message="Welcome <b>you</b>")
    assert issued.link is None
    assert send(issued.invitation.pk)
    (message,) = mail.outbox
    html = message.alternatives[0][0]
    assert message.to == ["guest@example.com"]
    assert message.subject == "Invitation to the team Physics"
    assert "Welcome <b>you</b>" in message.body
    assert "Welcome &lt;b&gt;you" in html
    links = {re.search(r"http://\S+/invitations/([\w-]{43})", text)[1] for text in (message.body, html)}
    assert len(links) == 1
    assert accept(guest, links.pop()).user == guest


def test_no_mail_goes_twice(head, team, guest):
    pk = invite(head, team, email=guest.email).invitation.pk
    assert [send(pk), send(pk)] == [True, False]
    assert len(mail.outbox) == 1
    row = Invitation.objects.get()
    assert (row.sealed_token, row.mailed_at) == (None, LATER)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail(head, team, guest, monkeypatch):
    monkeypatch.setattr("teams.services.invitations.hurry_mail", lambda pk: None)
    pk = invite(head, team, email=guest.email).invitation.pk
    answers = in_parallel(4, lambda: send(pk))
    assert sorted(answers) == [False, False, False, True]


def test_a_mail_server_that_is_away_costs_nothing(head, team, guest, settings):
    pk = invite(head, team, email=guest.email).invitation.pk
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert not send(pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert invitation_mail.send_waiting(now=LATER) == 1
    assert len(mail.outbox) == 1


def test_a_mail_that_fails_half_way_is_not_tried_again_by_itself(head, team, guest, monkeypatch):
    pk = invite(head, team, email=guest.email).invitation.pk

    def fail(*_arguments):
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
    assert not send(pk)
    row = Invitation.objects.get()
    assert (row.sealed_token, row.mailed_at, row.status) == (None, None, "pending")
    assert invitation_mail.send_waiting(now=LATER) == 0


def test_nothing_is_mailed_of_what_was_taken_back(head, team, guest):
    pk = invite(head, team, email=guest.email).invitation.pk
    services.revoke_invitation(actor=head, team_id=team.pk, invitation_id=pk, now=LATER)
    assert not send(pk)


def test_the_commit_hurries_the_mail_and_a_lost_hurry_is_made_good(
    head, team, guest, django_capture_on_commit_callbacks, monkeypatch
):
    asked = []
    monkeypatch.setattr("teams.services.invitations.hurry_mail", asked.append)
    with django_capture_on_commit_callbacks(execute=True):
        issued = invite(head, team, email=guest.email)
    assert asked == [issued.invitation.pk]
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert tasks.look_after_invitations() == 1
    assert len(mail.outbox) == 1
    Invitation.objects.update(expires_at=timezone.now())
    tasks.look_after_invitations()
    assert Invitation.objects.get().status == "expired"


def test_an_account_without_an_address_gets_a_link(head, team):
    assert invite(head, team, user_id=UserFactory(email="").pk).link


def test_the_mail_is_in_the_language_of_the_account_or_of_whoever_invites(head, team, guest):
    guest.preferences = {"language": "fr"}
    guest.save()
    head.preferences = {"language": "de"}
    head.save()
    for address in (guest.email, "nobody@example.com"):
        send(invite(head, team, email=address).invitation.pk)
    first, second = (message.alternatives[0][0] for message in mail.outbox)
    assert 'lang="fr"' in first
    assert 'lang="de"' in second
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2


def test_who_wants_no_such_mails_gets_none_and_the_inviter_the_link(head, team, guest):
    guest.preferences = {"notifications": {"invitation": {"mail": False}}}
    guest.save()
    issued = invite(head, team, email=guest.email)
    assert not send(issued.invitation.pk)
    assert accept(guest, token_of(issued)).user == guest


def test_one_invitation_is_one_mail(head, team, guest):
    invite(head, team, email=guest.email)
    assert not Letter.objects.exists()


def test_where_mails_only_go_to_the_console_an_account_is_told_there_without_the_token(
    no_mail, head, team, guest
):
    issued = invite(head, team, email=guest.email)
    letter = Letter.objects.get()
    assert (letter.user, letter.link) == (guest, "/teams")
    assert token_of(issued) not in str(letter.parameters)
