"""TOTP, recovery codes and passkeys, as people use them; and administrators who must have one of them."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.test import Client

from accounts.models import AuditEvent
from accounts.providers.flow import PROVIDER_SESSION
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, UserFactory

LOCAL = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_often_as_needed(settings):
    settings.RATE_LIMITS = {}
    # A code that is good for half a minute may run out between being read and being sent.
    settings.MFA_TOTP_PERIOD = 24 * 60 * 60


def code_for(secret):
    return auth.format_hotp_value(auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time()))))


def browser_of(person, password=PASSWORD):
    client = Client(headers={"referer": ""})
    client.answer = client.post("/login/", {"login": person.username, "password": password})
    return client


def prove(client, page):
    """Open a page that asks for the password once more."""
    asked = client.get(page)
    assert asked.url.startswith("/reauthenticate/"), asked.url
    return client.get(client.post(asked.url, {"password": PASSWORD}).url)


def activate_totp(client):
    page = prove(client, "/2fa/totp/activate/")
    secret = page.context["form"].secret
    assert client.post("/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert client.post("/2fa/totp/activate/", {"code": code_for(secret)}).status_code == 302
    return secret


@pytest.fixture
def ada(db):
    return UserFactory.create(username="ada", signs_in=True)


@LOCAL
class TestTotp:
    @pytest.mark.django_db(transaction=True)
    def test_a_code_is_asked_for_after_the_password_and_opens_once(self, ada):
        secret = activate_totp(browser_of(ada))
        client = browser_of(ada)
        assert client.answer.url.startswith("/2fa/authenticate/")
        assert client.get("/home").status_code == 302
        assert client.post("/2fa/authenticate/", {"code": "000000"}).status_code == 200
        code = code_for(secret)
        assert client.post("/2fa/authenticate/", {"code": code}).url == "/home"
        assert client.get("/home").status_code == 200
        other = browser_of(ada)
        assert other.post("/2fa/authenticate/", {"code": code}).status_code == 200
        assert other.get("/home").status_code == 302
        told = AuditEvent.objects.filter(action__startswith="MFA_").order_by("id")
        assert {(e.action, e.success, e.metadata["type"]) for e in told} == {
            ("MFA_ADD", True, "totp"), ("MFA_ADD", True, "recovery_codes"), ("MFA_FAILED", False, "totp"),
        }  # fmt: skip

    def test_a_recovery_code_opens_once(self, ada):
        client = browser_of(ada)
        activate_totp(client)
        codes = re.findall(r"[0-9a-f]{8}", client.get("/2fa/recovery-codes/download/").text)
        assert len(codes) == 10
        assert "no-store" in client.get("/2fa/recovery-codes/")["Cache-Control"]
        for expected in ("/home", None):
            other = browser_of(ada)
            answer = other.post("/2fa/authenticate/", {"code": codes[0]})
            assert getattr(answer, "url", None) == expected

    def test_what_is_stored_is_sealed(self, ada):
        secret = activate_totp(browser_of(ada))
        stored = " ".join(str(row.data) for row in Authenticator.objects.all())
        assert secret not in stored
        assert "sealed:" in stored

    def test_a_password_alone_gives_no_tokens_any_more(self, ada):
        activate_totp(browser_of(ada))
        answer = ApiClient().post(
            "/api/auth/token", {"grantType": "password", "username": "ada", "password": PASSWORD}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")

    def test_many_wrong_codes_end_in_a_wait(self, ada):
        secret = activate_totp(browser_of(ada))
        client = browser_of(ada)
        for _ in range(10):
            client.post("/2fa/authenticate/", {"code": "000000"})
            client = client if client.get("/2fa/authenticate/").status_code == 200 else browser_of(ada)
        assert client.post("/2fa/authenticate/", {"code": code_for(secret)}).status_code != 302
        assert client.get("/home").status_code == 302

    def test_it_is_taken_off_after_proving_it_only(self, ada):
        client = browser_of(ada)
        activate_totp(client)
        late = browser_of(ada)
        assert late.get("/2fa/totp/deactivate/").status_code == 302
        assert client.post("/2fa/totp/deactivate/").status_code == 302
        assert not Authenticator.objects.exists()


@LOCAL
class TestAdministratorsMustHaveOne:
    @pytest.fixture
    def boss(self, settings):
        settings.ADMINS_NEED_MFA = True
        return UserFactory.create(username="boss", is_operator=True, signs_in=True)

    def test_until_then_they_get_to_the_page_for_it_and_nowhere_else(self, boss):
        client = browser_of(boss)
        for page in ("/home", "/admin/", "/api-keys", "/account/connections", "/operations/models"):
            assert client.get(page).url == "/2fa/", page
        assert client.get("/2fa/").status_code == 200
        assert client.get("/api/v1/users").status_code == 403
        assert client.post("/api/v1/models/sync", {}, content_type="application/json").status_code == 403
        activate_totp(client)
        assert client.get("/home").status_code == 200
        assert client.get("/api/v1/users").status_code == 200

    def test_no_tokens_for_a_password(self, boss):
        answer = ApiClient().post(
            "/api/auth/token", {"grantType": "password", "username": "boss", "password": PASSWORD}
        )
        assert answer.status_code == 403

    def test_a_token_from_before_somebody_became_one_opens_nothing(self, boss):
        client = ApiClient(boss)
        assert client.get("auth/me").json()["code"] == "FORBIDDEN"
        activate_totp(browser_of(boss))
        assert client.get("auth/me").status_code == 200

    def test_no_way_around_it_by_the_old_clients_door(self, boss):
        """It hands a browser's sign-in over as a token, which is looked at by nobody for a second factor."""
        client = Client(headers={"referer": ""})
        begun = client.post("/api/auth/login", {}, content_type="application/json").json()["authUrl"]
        after = client.post(begun, {"login": "boss", "password": PASSWORD})
        answer = client.get(after.url)
        assert answer.status_code in {302, 403}
        assert "token" not in answer.headers.get("Location", "")

    def test_others_are_left_alone_and_so_is_who_comes_from_a_provider(self, boss, settings):
        person = UserFactory.create(username="ada", signs_in=True)
        assert browser_of(person).get("/home").status_code == 200
        client = browser_of(boss)
        session = client.session
        session[PROVIDER_SESSION] = {"provider": "corp", "id_token": ""}
        session.save()
        assert client.get("/home").status_code == 200


@pytest.mark.django_db(transaction=True)
class TestPasskeys:
    """In Chromium, with an authenticator that it plays itself."""

    @pytest.fixture
    def at_home(self, ada, visit, live_server, settings):
        settings.PUBLIC_URL = live_server.url
        page = visit(signed_in=False).page
        page.set_default_timeout(15_000)
        tools = page.context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        added = tools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                    "hasUserVerification": True, "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )  # fmt: skip
        page.credentials = lambda: tools.send("WebAuthn.getCredentials", added)["credentials"]
        page.forget = lambda: tools.send("WebAuthn.clearCredentials", added)
        self.by_password(page, live_server)
        page.wait_for_url("**/home")
        return page

    def by_password(self, page, live_server):
        page.goto(f"{live_server.url}/login/")
        page.fill("input[name=login]", "ada")
        page.fill("input[name=password]", PASSWORD)
        page.locator("form:has(input[name=password]) button[type=submit]").first.click()

    def add(self, page, live_server, *, passwordless=True):
        page.goto(f"{live_server.url}/2fa/webauthn/add/")
        page.fill("input[name=password]", PASSWORD)
        page.locator("form:has(input[name=password]) button[type=submit]").first.click()
        page.wait_for_url("**/2fa/webauthn/add/")
        page.fill("input[name=name]", "My laptop")
        if passwordless:
            page.check("input[name=passwordless]")
        page.click("#mfa_webauthn_add")
        page.wait_for_url(lambda address: "/webauthn/add/" not in address)

    def sign_out(self, page):
        page.context.clear_cookies()

    def test_one_is_added_and_opens_without_a_password(self, at_home, ada, live_server):
        page = at_home
        self.add(page, live_server)
        assert len(page.credentials()) == 1
        assert Authenticator.objects.get(type="webauthn").wrap().is_passwordless
        self.sign_out(page)
        page.goto(f"{live_server.url}/login/")
        page.click("#passkey_login")
        page.wait_for_url("**/home")
        assert AuditEvent.objects.filter(action="LOGIN", actor=ada).count() == 2
        assert AuditEvent.objects.filter(action="MFA_ADD", actor=ada).count() >= 1

    def test_as_a_second_factor_it_is_asked_for_after_the_password(self, at_home, live_server):
        page = at_home
        self.add(page, live_server, passwordless=False)
        self.sign_out(page)
        self.by_password(page, live_server)
        page.wait_for_url("**/2fa/authenticate/**")
        page.click("#mfa_webauthn_authenticate")
        page.wait_for_url("**/home")

    def test_an_authenticator_that_does_not_know_it_lets_nobody_in(self, at_home, live_server):
        page = at_home
        self.add(page, live_server)
        page.forget()
        self.sign_out(page)
        self.by_password(page, live_server)
        page.wait_for_url("**/2fa/authenticate/**")
        page.click("#mfa_webauthn_authenticate")
        page.goto(f"{live_server.url}/home")
        assert not page.url.endswith("/home")
