"""Sign-in through a real OpenID provider in a real browser, honest and otherwise."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from accounts import identity
from accounts.credentials import SignIn
from accounts.models import AuditEvent, User
from accounts.providers import http
from litemaas import errors
from tests.accounts.conftest import ADA, path_of, sign_in_at_provider
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_often_as_needed(settings):
    settings.RATE_LIMITS = {}


@pytest.fixture
def answer_of(live_server):
    """The address with which the provider's answer comes, for somebody whom it knows, before anybody goes there."""

    def run(page):
        page.context.clear_cookies(name="sessionid")
        begun = page.request.get(f"{live_server.url}/sign-in/corp", max_redirects=0)
        answer = page.request.get(begun.headers["location"], max_redirects=0).headers["location"]
        assert answer.startswith(f"{live_server.url}/api/auth/callback?")
        return answer

    return run


@pytest.fixture
def go(browse, live_server):
    """Sign in from the portal's page in a browser of its own; where it ends."""

    def run(provider="corp", name="ada", page=None):
        page = page or browse()
        page.goto(f"{live_server.url}/sign-in/{provider}?next=/api-keys")
        sign_in_at_provider(page, name)
        page.wait_for_url(f"{live_server.url}/**")
        return page

    return run


def test_the_first_sign_in_makes_the_account(corp, go):
    page = go()
    assert path_of(page) == "/api-keys"
    ada = User.objects.get()
    assert (ada.username, ada.email, ada.full_name) == ("ada", "ada@corp.example", "Ada Lovelace")
    assert (ada.roles, ada.has_usable_password()) == (["user"], False)
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid, account.extra_data) == ("corp", "ada", {})
    assert AuditEvent.objects.filter(action="LOGIN", actor=ada).count() == 1


def test_the_next_sign_in_finds_it_by_subject_whatever_the_names_are_now(corp, go):
    go()
    corp.stage(people={"ada": {**ADA, "preferred_username": "countess", "email": "new@corp.example"}})
    go()
    assert User.objects.get().username == "ada"


def test_the_sign_in_page_offers_every_provider(providers, browse, live_server):
    page = browse()
    page.goto(f"{live_server.url}/login/?next=/usage")
    links = page.get_by_role("link", name="Sign in with")
    assert [link.get_attribute("href") for link in links.all()] == [
        "/sign-in/corp?next=%2Fusage",
        "/sign-in/partner?next=%2Fusage",
    ]


FAULTS = (
    *("wrong-audience", "several-audiences", "wrong-issuer", "wrong-nonce", "no-nonce", "expired"),
    *("forged", "unknown-key", "unsigned", "shared-secret", "another-subject"),
)


def test_a_word_that_fails_a_check_lets_nobody_in(corp, go):
    page = None
    for number, fault in enumerate(FAULTS, start=1):
        corp.stage(fault=fault)
        page = go(page=page)
        assert path_of(page) == "/login/?error=auth_failed", fault
        assert not User.objects.exists(), fault
        assert AuditEvent.objects.filter(action="AUTH_FAILED", success=False).count() == number
    corp.stage(fault="")
    assert path_of(go(page=page)) == "/api-keys"
    assert User.objects.get().username == "ada"


def test_a_token_of_an_earlier_sign_in_is_not_taken_again(corp, go):
    corp.stage(fault="replayed")
    assert path_of(go()) == "/api-keys"
    assert path_of(go()) == "/login/?error=auth_failed"


def test_keys_that_the_provider_rotated_are_looked_up_anew(corp, go):
    go()
    corp.stage(rotate=True)
    assert path_of(go()) == "/api-keys"


class TestAccounts:
    def test_an_equal_address_takes_no_account_over(self, corp, go):
        UserFactory.create(username="grace", email="Ada@corp.example")
        page = go()
        assert path_of(page) == "/login/?error=auth_failed&reason=address_taken"
        assert not SocialAccount.objects.exists()

    def test_nor_does_one_from_a_second_provider(self, partner, go):
        go("corp")
        assert path_of(go("partner")).startswith("/login/?error=auth_failed")
        assert [a.provider for a in SocialAccount.objects.all()] == ["corp"]

    def test_an_account_that_an_operator_opened_is_linked_once(self, partner, go):
        user = UserFactory.create(username="grace", email="ada@corp.example", is_open_for_linking=True)
        assert path_of(go("corp")) == "/api-keys"
        assert SocialAccount.objects.get().user == user
        user.refresh_from_db()
        assert not user.is_open_for_linking
        assert path_of(go("partner")).startswith("/login/?error=auth_failed")

    def test_an_address_that_nobody_verified_links_nothing_and_is_not_kept(self, corp, go):
        corp.stage(people={"ada": {**ADA, "email_verified": False}})
        UserFactory.create(username="grace", email="ada@corp.example", is_open_for_linking=True)
        assert path_of(go()) == "/api-keys"
        assert User.objects.get(username="ada").email == ""

    def test_a_user_name_that_is_taken_gets_a_number(self, corp, go):
        UserFactory.create(username="ADA", email="")
        go()
        assert User.objects.filter(username="ada-2").exists()

    def test_a_deactivated_account_stays_out(self, corp, go):
        go()
        User.objects.update(is_active=False)
        assert path_of(go()) == "/login/?error=auth_failed"

    def test_listed_people_become_administrators_with_their_first_sign_in(self, corp, go, settings):
        settings.INITIAL_ADMINS = ["ADA@corp.example"]
        go()
        assert User.objects.get().roles == ["admin", "user"]


class TestGroups:
    @pytest.fixture(autouse=True)
    def mapping(self, settings):
        settings.GROUP_ROLES = {"admins": "admin", "auditors": "admin-readonly"}

    def in_groups(self, corp, *groups):
        corp.stage(people={"ada": {**ADA, "groups": list(groups)}})

    def test_a_group_gives_its_role_and_takes_it_back(self, corp, go):
        self.in_groups(corp, "admins", "staff")
        first = go()
        ada = User.objects.get()
        assert (ada.roles, ada.group_roles) == (["admin", "user"], ["admin"])
        # The first browser is still signed in when the group is gone.
        self.in_groups(corp, "staff")
        go()
        assert User.objects.get().roles == ["user"]
        address = urlsplit(first.url)._replace(path="/admin/users/", query="").geturl()
        assert first.request.get(address, max_redirects=0).status in {302, 403, 404}

    def test_what_an_operator_gave_stays(self, corp, go):
        self.in_groups(corp, "admins")
        go()
        User.objects.update(roles=["admin", "admin-readonly", "user"])
        self.in_groups(corp)
        go()
        assert User.objects.get().roles == ["admin-readonly", "user"]

    def test_teams_hear_of_the_groups(self, corp, go):
        from accounts.services import groups_changed

        heard = []
        listener = lambda user, groups, now: heard.append((user.username, groups))  # noqa: E731
        groups_changed.register(listener)
        try:
            self.in_groups(corp, "staff")
            go()
        finally:
            groups_changed._listeners.remove(listener)
        assert heard == [("ada", ["staff"])]


class TestTheAnswer:
    def test_a_state_from_another_browser_is_refused(self, corp, go, answer_of, browse):
        """The attacker signs in as themselves and sends the victim the last address."""
        answer = answer_of(go())
        victim = browse()
        victim.goto(answer)
        assert path_of(victim) == "/login/?error=auth_failed"

    def test_an_answer_works_once(self, corp, go, answer_of):
        page = go()
        answer = answer_of(page)
        page.goto(answer)
        assert path_of(page) == "/home"
        page.context.clear_cookies(name="sessionid")
        page.goto(answer)
        assert path_of(page) == "/login/?error=auth_failed"

    def test_the_session_gets_a_new_key(self, corp, browse, live_server):
        page = browse()
        page.goto(f"{live_server.url}/sign-in/corp")
        before = next(c["value"] for c in page.context.cookies() if c["name"] == "sessionid")
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/**")
        after = next(c["value"] for c in page.context.cookies(live_server.url) if c["name"] == "sessionid")
        assert before != after

    @pytest.mark.parametrize("query", ["", "error=access_denied", "code=x", "code=x&state=y", "state=%00"])
    def test_what_is_no_answer_leads_to_the_sign_in_page(self, corp, live_server, query):
        answer = requests.get(
            f"{live_server.url}/api/auth/callback?{query}", allow_redirects=False, timeout=5
        )
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login?error=auth_failed")

    def test_the_query_string_adds_nothing_to_the_request(self, corp, live_server):
        evil = "auth_params=redirect_uri%3Dhttps://evil.example&scope=admin&process=connect"
        answer = requests.get(
            f"{live_server.url}/sign-in/corp?{evil}&next=https://evil.example",
            allow_redirects=False,
            timeout=5,
        )
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert asked["redirect_uri"] == [f"{live_server.url}/api/auth/callback"]
        assert "admin" not in asked["scope"][0]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["nonce"][0]
        assert asked["state"][0]


class TestTheProviderIsAway:
    def test_dead_before_the_sign_in(self, corp, live_server):
        corp.stage(dead=True)
        page = requests.get(f"{live_server.url}/sign-in/corp", timeout=5)
        assert page.status_code == 503
        begun = requests.post(f"{live_server.url}/api/auth/login", json={}, timeout=5)
        assert (begun.status_code, begun.json()["code"]) == (503, "SERVICE_UNAVAILABLE")

    def test_one_byte_at_a_time(self, corp, live_server, monkeypatch):
        monkeypatch.setattr(http, "TOTAL_SECONDS", 0.6)
        corp.stage(drip=True)
        page = requests.get(f"{live_server.url}/sign-in/corp", timeout=5)
        assert page.status_code == 503
        assert page.elapsed < timedelta(seconds=3)

    def test_dead_when_the_answer_comes(self, corp, go, answer_of):
        page = go()
        answer = answer_of(page)
        corp.stage(dead=True)
        page.goto(answer)
        assert path_of(page) == "/login/?error=auth_failed&reason=provider_unavailable"

    def test_an_unknown_provider_is_not_found(self, corp, live_server):
        assert requests.get(f"{live_server.url}/sign-in/nobody", timeout=5).status_code == 404


class TestTheOldFrontEnd:
    """It asks for an address, goes there, and reads the token from the fragment that it comes back with."""

    def begin(self, page, live_server, **headers):
        address = page.request.post(
            f"{live_server.url}/api/auth/login",
            data={},
            headers={"Content-Type": "application/json", **headers},
        ).json()["authUrl"]
        page.goto(address)
        sign_in_at_provider(page)

    def test_it_comes_back_with_a_token_that_lives_as_long_as_it_says(self, corp, browse, live_server):
        page = browse()
        self.begin(page, live_server)
        page.wait_for_url("**/auth/callback#**")
        given = {name: values[0] for name, values in parse_qs(urlsplit(page.url).fragment).items()}
        assert given["expires_in"] == "86400"
        bearer = {"Authorization": f"Bearer {given['token']}"}
        me = requests.get(f"{live_server.url}/api/v1/auth/me", headers=bearer, timeout=5).json()
        assert me["username"] == "ada"
        # The browser is signed in by the token alone, and signing out ends it and leads to the provider's page.
        assert page.request.get(f"{live_server.url}/api/v1/auth/me").status == 401
        out = requests.post(f"{live_server.url}/api/auth/logout", headers=bearer, timeout=5).json()
        assert out["logoutUrl"].startswith(f"{corp.url}/session/end?client_id=litemaas")
        assert "id_token_hint=" in out["logoutUrl"]
        assert requests.get(f"{live_server.url}/api/v1/auth/me", headers=bearer, timeout=5).status_code == 401

    @pytest.mark.parametrize("is_allowed", [True, False])
    def test_tokens_go_to_allowed_origins_only(self, providers, browse, live_server, settings, is_allowed):
        """The other provider stands for a front end elsewhere: some server that answers."""
        elsewhere = providers[1].url
        settings.CORS_ORIGINS = [elsewhere] if is_allowed else []
        page = browse()
        self.begin(page, live_server, Origin=elsewhere)
        page.wait_for_url("**/auth/callback#**")
        assert page.url.startswith(f"{elsewhere if is_allowed else live_server.url}/auth/callback#token=")

    def test_a_client_may_trade_a_code_instead(self, corp, browse, live_server):
        verifier = "v" * 43
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        page = browse()
        address = page.request.post(
            f"{live_server.url}/api/auth/login",
            data={"codeChallenge": challenge},
            headers={"Content-Type": "application/json"},
        ).json()["authUrl"]
        page.goto(address)
        sign_in_at_provider(page)
        page.wait_for_url("**/auth/callback?code=**")
        code = parse_qs(urlsplit(page.url).query)["code"][0]
        trade = {"grantType": "authorization_code", "code": code, "codeVerifier": verifier}
        pair = requests.post(f"{live_server.url}/api/auth/token", json=trade, timeout=5)
        assert pair.json()["user"]["username"] == "ada"
        assert SignIn.objects.get().method == "provider"
        again = requests.post(f"{live_server.url}/api/auth/token", json=trade, timeout=5)
        assert again.status_code == 401


def test_signing_out_here_offers_to_sign_out_there(corp, go, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    page = go()
    page.locator("summary", has_text="Ada Lovelace").click()
    page.get_by_role("button", name="Sign out").press("Enter")
    page.wait_for_url("**/signed-out")
    page.get_by_role("link", name="Sign out there too").click()
    page.wait_for_url(f"{corp.url}/session/end**")
    page.locator("button[name=logout]").click()
    page.wait_for_url(f"{live_server.url}/login/**")


def test_no_password_is_given_to_somebody_with_a_provider(corp, go, mailoutbox):
    page = go()
    for path in ("/password/set/", "/password/change/", "/email/"):
        assert page.request.get(f"{urlsplit(page.url)._replace(path=path, query='').geturl()}").status == 404
    Client().post("/password/reset/", {"email": "ada@corp.example"})
    assert mailoutbox == []


class TestConnecting:
    """One more provider for an account that exists: begun on our own page, by somebody who signed in recently."""

    def connect(self, page, live_server, name="Partner"):
        page.goto(f"{live_server.url}/account/connections")
        page.get_by_role("link", name=f"Connect {name}").click()
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/**")

    def test_a_second_provider_signs_in_to_the_same_account_and_can_be_taken_away(
        self, providers, go, live_server, browse
    ):
        page = go()
        self.connect(page, live_server)
        ada = User.objects.get()
        assert [a.provider for a in SocialAccount.objects.filter(user=ada).order_by("pk")] == [
            "corp",
            "partner",
        ]
        go("partner")
        assert User.objects.get() == ada
        page.goto(f"{live_server.url}/account/connections")
        page.get_by_role("row", name="Corp").get_by_role("button", name="Remove").click()
        page.wait_for_url(f"{live_server.url}/account/connections")
        assert [a.provider for a in SocialAccount.objects.all()] == ["partner"]
        # The last way in stays.
        assert page.get_by_role("button", name="Remove").count() == 0
        told = AuditEvent.objects.filter(action__in=["USER_LINK", "USER_UNLINK"]).order_by("pk")
        assert [(e.action, e.metadata["provider"], e.actor) for e in told] == [
            ("USER_LINK", "partner", ada), ("USER_UNLINK", "corp", ada),
        ]  # fmt: skip

    def test_an_identity_of_somebody_else_is_not_taken_over(self, providers, go, live_server):
        providers[1].stage(
            people={"ada": {**ADA, "preferred_username": "grace", "email": "grace@corp.example"}}
        )
        go("partner")
        page = go("corp")
        self.connect(page, live_server)
        assert SocialAccount.objects.get(provider="partner").user.username == "grace"
        assert AuditEvent.objects.get(action="AUTH_FAILED").error_message

    def test_another_site_can_not_begin_it(self, providers, go, live_server):
        page = go()
        address = f"{live_server.url}/account/connections/partner/connect"
        for site in ("cross-site", "same-site", "none", None):
            headers = {"Sec-Fetch-Site": site} if site else {}
            answer = page.request.get(address, headers=headers, max_redirects=0)
            assert answer.headers["location"] == "/account/connections"

    def test_the_last_way_in_and_foreign_ones_can_not_be_removed(self, providers, go):
        go()
        account = SocialAccount.objects.get()
        with pytest.raises(errors.Conflict):
            identity.disconnect(user=account.user, account_id=account.pk, now=timezone.now())
        with pytest.raises(errors.NotFound):
            identity.disconnect(user=UserFactory.create(), account_id=account.pk, now=timezone.now())
