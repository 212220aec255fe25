"""Accounts with a password here: addresses that are confirmed by mail, and passwords that are set anew by mail."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NEW = "another-horse-entirely"


@pytest.fixture(autouse=True)
def _as_often_as_needed(settings):
    settings.RATE_LIMITS = {}


@pytest.fixture
def ada():
    return UserFactory.create(username="ada", email="ada@example.com", signs_in=True)


def sign_in(password=PASSWORD, client=None, name="ada"):
    client = client or Client(headers={"referer": ""})
    client.answer = client.post("/login/", {"login": name, "password": password})
    return client


def is_in(client):
    return client.get("/home").status_code == 200


def link_in(mail):
    found = re.search(r"https?://\S+", mail.body)
    assert found, mail.body
    return urlsplit(found[0]).path


class TestConfirmingAnAddress:
    @pytest.fixture(autouse=True)
    def _mandatory(self, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def test_nobody_gets_in_before_the_link_was_followed(self, ada, mailoutbox):
        client = sign_in()
        assert client.answer.url == "/confirm-email/"
        assert client.get(client.answer.url).status_code == 200
        assert not is_in(client)
        assert [mail.to for mail in mailoutbox] == [["ada@example.com"]]
        link = link_in(mailoutbox[0])
        # A mail program that looks at links ahead of the person confirms nothing.
        assert client.get(link).status_code == 200
        assert not is_in(sign_in())
        client.post(link)
        assert is_in(sign_in())
        assert len(mailoutbox) <= 2

    def test_a_made_up_link_confirms_nothing(self, ada, mailoutbox):
        client = sign_in()
        client.post("/confirm-email/MQ:1abcde:made-up/")
        assert not is_in(sign_in())

    def test_passwords_give_no_tokens_before_either(self, ada):
        body = {"grantType": "password", "username": "ada", "password": PASSWORD}
        assert ApiClient().post("/api/auth/token", body).status_code == 403


class TestAForgottenPassword:
    def ask(self, address="ada@example.com"):
        client = Client(headers={"referer": ""})
        return client, client.post("/password/reset/", {"email": address})

    def test_the_link_sets_a_new_one_once_and_ends_what_the_old_one_opened(self, ada, mailoutbox):
        before = sign_in()
        tokens = ApiClient(ada)
        client, asked = self.ask()
        assert asked.url == "/password/reset/done/"
        form = client.get(link_in(mailoutbox[0]), follow=True)
        assert form.status_code == 200
        here = form.redirect_chain[-1][0] if form.redirect_chain else link_in(mailoutbox[0])
        assert client.post(here, {"password1": "short", "password2": "short"}).status_code == 200
        assert client.post(here, {"password1": NEW, "password2": NEW}).url == "/password/reset/key/done/"
        assert not is_in(before)
        assert tokens.get("auth/me").json()["code"] == "TOKEN_REVOKED"
        assert sign_in(PASSWORD).answer.status_code == 200
        assert is_in(sign_in(NEW))
        again = Client().get(link_in(mailoutbox[0]), follow=True)
        assert "password1" not in again.text
        assert AuditEvent.objects.get(action="PASSWORD_CHANGE").actor == ada

    def test_an_unknown_address_gets_the_same_answer(self, ada, mailoutbox):
        known, unknown = self.ask()[1], self.ask("nobody@example.com")[1]
        assert (known.status_code, known.url) == (unknown.status_code, unknown.url)

    def test_no_second_factor_is_gone_by_it(self, ada, mailoutbox):
        from allauth.mfa.totp.internal import auth

        auth.TOTP.activate(ada, auth.generate_totp_secret())
        client, _asked = self.ask()
        here = client.get(link_in(mailoutbox[0]), follow=True).redirect_chain[-1][0]
        client.post(here, {"password1": NEW, "password2": NEW})
        assert not is_in(client)
        assert sign_in(NEW).answer.url.startswith("/2fa/authenticate/")

    def test_a_deactivated_person_gets_no_way_back(self, ada, mailoutbox):
        ada.is_active = False
        ada.save()
        self.ask()
        assert not [mail for mail in mailoutbox if "/password/reset/key/" in mail.body]

    def test_the_host_of_the_request_is_not_believed(self, ada, mailoutbox, settings):
        settings.ALLOWED_HOSTS = ["testserver"]
        answer = Client(headers={"referer": ""}).post(
            "/password/reset/", {"email": "ada@example.com"}, headers={"host": "evil.example"}
        )
        assert answer.status_code == 400
        assert mailoutbox == []


class TestChangingIt:
    def test_other_browsers_and_clients_are_signed_out_and_this_one_stays(self, ada):
        here, there, tokens = sign_in(), sign_in(), ApiClient(ada)
        wish = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
        assert here.post("/password/change/", {**wish, "oldpassword": "wrong"}).status_code == 200
        assert here.post("/password/change/", wish).status_code == 302
        assert is_in(here)
        assert not is_in(there)
        assert tokens.get("auth/me").status_code == 401


class TestSessionsElsewhere:
    """Everywhere that one is signed in, on a page, with a way to end each."""

    def rows(self, client):
        return client.get("/account/sessions").context["sessions"]

    def test_one_is_ended_from_another_and_nobody_ends_somebody_elses(self, ada):
        here, there, tokens = sign_in(), sign_in(), ApiClient(ada)
        others = [row for row in self.rows(here) if not row.is_current]
        assert len(others) == 2
        stranger = sign_in(name=UserFactory.create(username="eve", signs_in=True).username)
        for row in others:
            assert stranger.post(f"/account/sessions/{row.id}/end").status_code == 404
        assert is_in(there)
        for row in others:
            assert here.post(f"/account/sessions/{row.id}/end").url == "/account/sessions"
        assert not is_in(there)
        assert tokens.get("auth/me").status_code == 401
        assert [row.is_current for row in self.rows(here)] == [True]

    def test_all_others_at_once(self, ada):
        here, there, tokens = sign_in(), sign_in(), ApiClient(ada)
        here.post("/account/sessions/end-others")
        assert (is_in(here), is_in(there), tokens.get("auth/me").status_code) == (True, False, 401)
