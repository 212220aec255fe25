"""What allauth sends: text and HTML with the same facts, in the language of the profile."""

import re

import pytest
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    user = UserFactory(username="ada", email="ada@example.com", preferences={"language": "de"})
    user.set_password("correct horse battery")
    user.save()
    return user


def ask(address="ada@example.com"):
    return Client(headers={"referer": ""}).post("/password/reset/", {"email": address})


def links(text):
    return set(re.findall(r"https?://[^\s\"<]+", text))


def test_the_mail_for_a_new_password_says_the_same_in_text_and_html(ada, mailoutbox, settings):
    settings.PORTAL_NAME = "Models of Example & Co"
    ask()
    (message,) = mailoutbox
    html = message.alternatives[0][0]
    assert message.to == ["ada@example.com"]
    assert links(message.body) == links(html)
    assert len([link for link in links(html) if "/password/reset/key/" in link]) == 1
    assert "ada" in message.body
    assert "ada" in html
    assert "Models of Example &amp; Co" in html
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_it_is_in_the_language_of_the_profile(ada, mailoutbox):
    ask()
    assert 'lang="de"' in mailoutbox[0].alternatives[0][0]


def test_an_unknown_address_is_told_that_and_offered_nothing(ada, mailoutbox):
    ask("nobody@example.com")
    (message,) = mailoutbox
    assert "No account has this address" in message.body
    assert not [link for link in links(message.body) if "signup" in link or "/password/" in link]


def test_an_address_is_confirmed_by_one_link(ada, mailoutbox, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    ask_in = {"login": "ada", "password": "correct horse battery"}
    Client(headers={"referer": ""}).post("/login/", ask_in)
    (message,) = mailoutbox
    assert len([link for link in links(message.body) if "/confirm-email/" in link]) == 1
    assert links(message.body) == links(message.alternatives[0][0])


def test_a_mail_server_that_is_away_is_said(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = ask()
    assert answer.status_code == 503
    assert "The mail could not be sent" in answer.text
