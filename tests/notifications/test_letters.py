"""Mails about events: with the event or not at all, at most once, in the reader's language, to whom they are welcome."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications import mailing, services
from notifications.models import Letter, Notification
from tests.concurrency import in_parallel
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Failing(EmailBackend):
    """Fails with what `failure` is set to."""

    failure: BaseException | None = None

    def send_messages(self, messages):
        if Failing.failure:
            raise Failing.failure
        return super().send_messages(messages)


@pytest.fixture
def failing(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    yield Failing
    Failing.failure = None


def tell(*users, **parts):
    told = {
        "kind": "subscription_denied",
        "title": "Your access to %(model)s was denied",
        "body": "%(reason)s",
        "parameters": {"model": "gpt-4", "reason": "Too <costly>"},
        "link": "/subscriptions",
        "once": "subscription 1",
        "now": NOW,
    }
    with transaction.atomic():
        services.notify(user_ids=[user.pk for user in users], **(told | parts))


def test_text_and_html_hold_the_same_facts_and_the_way_to_the_preferences(settings):
    settings.PUBLIC_URL = "https://models.example.com"
    tell(UserFactory(email="ada@example.com"))
    assert mailing.send_due(now=NOW) == 1
    (message,) = mail.outbox
    html, kind = message.alternatives[0]
    letter = Letter.objects.get()
    assert (message.to, message.subject) == (["ada@example.com"], "Your access to gpt-4 was denied")
    assert kind == "text/html"
    assert "Too <costly>" in message.body
    assert "Too &lt;costly&gt;" in html
    for address in ("/subscriptions", "/settings/notifications"):
        assert f"https://models.example.com{address}" in message.body
        assert f'href="https://models.example.com{address}"' in html
    assert message.extra_headers["Message-ID"] == f"<letter-{letter.pk}@models.example.com>"
    assert message.extra_headers["List-Unsubscribe"] == "<https://models.example.com/settings/notifications>"
    assert letter.sent_at == NOW


def test_it_is_in_the_language_of_the_profile_at_the_time_it_is_sent():
    user = UserFactory(email="ada@example.com")
    tell(user)
    user.preferences = {"language": "de"}
    user.save()
    mailing.send_due(now=NOW)
    assert 'lang="de"' in mail.outbox[0].alternatives[0][0]


def test_each_place_is_asked_for_by_itself():
    portal_only, mail_only, neither = (
        UserFactory(
            preferences={"notifications": {"subscription_decided": {"portal": portal, "mail": by_mail}}}
        )
        for portal, by_mail in ((True, False), (False, True), (False, False))
    )
    tell(portal_only, mail_only, neither)
    assert list(Notification.objects.values_list("user", flat=True)) == [portal_only.pk]
    assert list(Letter.objects.values_list("user", flat=True)) == [mail_only.pk]


def test_who_changed_their_mind_or_left_meanwhile_gets_none():
    unwilling, gone, there = UserFactory(), UserFactory(), UserFactory()
    tell(unwilling, gone, there)
    unwilling.preferences = {"notifications": {"subscription_decided": {"mail": False}}}
    unwilling.save()
    gone.is_active = False
    gone.save()
    assert mailing.send_due(now=NOW) == 1
    assert [message.to for message in mail.outbox] == [[there.email]]
    assert not Letter.objects.due(NOW).exists()


def test_nothing_is_mailed_without_an_address_or_of_a_kind_that_is_not():
    tell(UserFactory(email=""))
    tell(UserFactory(), kind="banner")
    tell(UserFactory(), by_mail=False)
    assert not Letter.objects.exists()


def test_an_event_that_is_rolled_back_is_not_mailed():
    user = UserFactory()
    with transaction.atomic():
        tell(user)
        transaction.set_rollback(True)
    assert mailing.send_due(now=NOW) == 0


def test_one_event_is_one_mail_even_when_its_notification_was_removed():
    user = UserFactory()
    tell(user)
    services.remove(actor=user, notification_id=Notification.objects.get().pk)
    tell(user)
    mailing.send_due(now=NOW)
    mailing.send_due(now=NOW)
    assert len(mail.outbox) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.create(user=user, kind="test", title="Again", once="subscription 1", created_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_once():
    tell(*(UserFactory() for _ in range(6)))
    assert sum(in_parallel(4, lambda: mailing.send_due(now=timezone.now()))) == 6
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 6


def test_a_worker_that_dies_between_taking_and_sending_leaves_it_at_that():
    tell(UserFactory())
    letter = mailing._take(NOW)
    # Here it died. Nobody knows whether the mail server had it.
    assert letter is not None
    assert mailing.send_due(now=NOW + timedelta(days=1)) == 0
    assert mail.outbox == []
    row = Letter.objects.get()
    assert (row.taken_at, row.sent_at, row.due_at) == (NOW, None, None)


def test_a_refusal_is_tried_again_and_given_up_in_the_end(failing):
    tell(UserFactory())
    failing.failure = smtplib.SMTPDataError(451, b"later")
    assert mailing.send_due(now=NOW) == 0
    row = Letter.objects.get()
    assert (row.taken_at, row.due_at, row.last_error) == (None, NOW + timedelta(minutes=1), "SMTPDataError")
    failing.failure = None
    assert mailing.send_due(now=NOW + timedelta(minutes=1)) == 1
    tell(UserFactory(), once="another")
    failing.failure = smtplib.SMTPRecipientsRefused({})
    for hours in range(0, 48, 8):
        mailing.send_due(now=NOW + timedelta(hours=hours))
    row = Letter.objects.get(once="another")
    assert (row.attempts, row.due_at, row.taken_at) == (6, None, None)


def test_a_connection_that_breaks_half_way_is_not_tried_again(failing):
    tell(UserFactory(), UserFactory())
    failing.failure = smtplib.SMTPServerDisconnected()
    assert mailing.send_due(now=NOW) == 0
    assert Letter.objects.get(taken_at=NOW).last_error == "It is not known whether it arrived."
    failing.failure = None
    assert mailing.send_due(now=NOW) == 1
    assert mailing.send_due(now=NOW + timedelta(days=1)) == 0
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_away_costs_nothing(settings):
    tell(UserFactory())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert mailing.send_due(now=NOW) == 0
    row = Letter.objects.get()
    assert (row.attempts, row.due_at) == (0, NOW)


def test_the_commit_hurries_the_worker(django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(services, "hurry", lambda: asked.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        tell(UserFactory())
        tell(UserFactory(), kind="banner", once="banner")
    assert asked == [True]


def test_old_letters_are_forgotten():
    tell(UserFactory())
    services.forget_old(now=NOW + timedelta(days=91))
    assert not Letter.objects.exists()
