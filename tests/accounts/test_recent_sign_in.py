"""Acts that ask for a recent sign-in: which ones, of whom, and how one proves it."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import recent_sign_in
from accounts.models import AuditEvent
from accounts.recent_sign_in import PAGES, ROUTES, ROUTES_FOR_TOKENS
from tests.accounts.conftest import sign_in_at_provider
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, UserFactory
from tests.permission_world import methods_of, routes
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=2)

# What sounds as if it destroyed something, and why it does not ask.
HARMLESS = {
    "account_end_session": "protects",
    "account_end_other_sessions": "protects",
    "api-session": "protects",
    "api-sessions": "protects",
    "api-token-blacklist": "protects",
    "api-admin-user-sessions": "protects",
    "revoke_team_invitation": "can be sent anew",
    "api-team-invitation": "can be sent anew",
    "backup-test-restore": "restores beside, and leaves nothing",
    "api-notification": "one's own, already told",
    "remove_notification": "one's own, already told",
    "delete_audit_filter": "one's own, and nobody else's business",
    "playground-prompt": "one's own, and nobody else's business",
    "playground-preset": "one's own, and nobody else's business",
    "playground-presets": "only makes one",
    "playground-conversation": "one's own, and nobody else's business",
    "playground-conversations": "one's own, and nobody else's business",
    "mfa_remove_webauthn": "asked by allauth, and tested below",
    "mfa_deactivate_totp": "asked by allauth, and tested below",
    "account_reset_password": "proves by mail who it is",
    "account_reset_password_done": "says something only",
    "account_reset_password_from_key": "proves by mail who it is",
    "account_reset_password_from_key_done": "says something only",
}
WORDS = ("delete", "remove", "revoke", "reset", "retire", "clean", "purge", "redact", "restore", "cancel")
OTHERS = dict.fromkeys(("job-cancel", "cancel_job"), "one's own work, which can be asked for anew")


def sounding_destructive():
    for path, pattern in routes():
        name, methods = pattern.name or "", methods_of(pattern)
        if "DELETE" in (methods or ()):
            yield name, "DELETE"
        if any(word in path or word in name for word in WORDS):
            yield name, "POST" if methods is None or "POST" in methods else None


def test_whatever_destroys_is_in_the_list_or_has_a_reason_not_to_be():
    silent = [
        (name, method)
        for name, method in sounding_destructive()
        if method
        and name not in PAGES
        and method not in ROUTES.get(name, ())
        and name not in HARMLESS | OTHERS
    ]
    assert silent == []


def test_the_list_holds_no_address_that_is_gone():
    there = {pattern.name for _path, pattern in routes()}
    assert sorted((PAGES | set(ROUTES) | ROUTES_FOR_TOKENS) - there) == []


def listed():
    for path, pattern in routes():
        if methods_of(pattern) is not None:
            for method in sorted(ROUTES.get(pattern.name or "", ())):
                yield method, path, pattern.name
    for path, pattern in routes():
        if pattern.name in PAGES:
            yield "PAGE", path, pattern.name


def _filled(path):
    class Places(dict):
        def __missing__(self, name):
            return (
                "favicon" if name == "place" else "1" if name in {"event_id", "account_id"} else str(uuid4())
            )

    return path.format_map(Places())


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True, signs_in=True)


@pytest.mark.parametrize(("method", "path", "name"), list(listed()))
def test_each_act_asks_a_browser_that_signed_in_long_ago(operator, method, path, name):
    stale, fresh = signed_in(operator, ago=LONG_AGO), signed_in(operator)
    if method == "PAGE":
        for how in ("get", "post"):
            answer = getattr(stale, how)(_filled(path))
            assert answer.url.startswith("/reauthenticate/?next="), name
            assert "/reauthenticate/" not in getattr(getattr(fresh, how)(_filled(path)), "url", "")
    else:
        send = {"path": _filled(path), "data": b"{}", "content_type": "application/json"}
        assert stale.generic(method, **send).json()["code"] == "TOKEN_TOO_OLD"
        assert fresh.generic(method, **send).json().get("code") != "TOKEN_TOO_OLD"
        answer = ApiClient(operator, signed_in_at=timezone.now() - LONG_AGO)._client.generic(
            method, **send, headers=ApiClient(operator, signed_in_at=timezone.now() - LONG_AGO).headers
        )
        assert (answer.json().get("code") == "TOKEN_TOO_OLD") == (name in ROUTES_FOR_TOKENS)


class TestProving:
    def test_the_password_once_more_opens_the_way_and_leads_back(self, operator):
        browser = signed_in(operator, ago=LONG_AGO)
        page = f"/teams/{uuid4()}/delete"
        asked = browser.get(page)
        assert browser.get(asked.url).status_code == 200
        refused = browser.post(asked.url, {"password": "wrong"})
        assert refused.status_code == 200
        assert browser.get(page).url == asked.url
        assert browser.post(asked.url, {"password": PASSWORD}).url == page
        # There is no such team, which is to say: nobody is asked any more.
        assert browser.get(page).status_code == 404

    def test_a_form_leads_back_to_the_page_that_it_stands_on(self, operator):
        browser = signed_in(operator, ago=LONG_AGO)
        form = f"/api-keys/{uuid4()}/reset-spend"
        ours = browser.post(form, headers={"referer": "http://testserver/api-keys?page=2"})
        assert parse_qs(urlsplit(ours.url).query) == {"next": ["/api-keys?page=2"]}
        foreign = browser.post(form, headers={"referer": "https://evil.example/x"})
        assert parse_qs(urlsplit(foreign.url).query) == {"next": [form]}

    def test_a_dialog_takes_the_whole_page_there(self, operator):
        browser = signed_in(operator, ago=LONG_AGO)
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/api-keys?page=2"}
        answer = browser.get(f"/api-keys/{uuid4()}/revoke", headers=headers)
        assert answer["HX-Redirect"] == "/reauthenticate/?next=%2Fapi-keys%3Fpage%3D2"

    def test_django_admin_asks_before_any_action(self, operator):
        person = UserFactory.create()
        page, body = (
            reverse("admin:accounts_user_changelist"),
            {
                "action": "deactivate",
                "_selected_action": [person.pk],
                "confirmed": "yes",
                "reason": "Left.",
            },
        )
        assert signed_in(operator, ago=LONG_AGO).post(page, body).url.startswith("/reauthenticate/?next=")
        person.refresh_from_db()
        assert person.is_active
        signed_in(operator).post(page, body)
        person.refresh_from_db()
        assert not person.is_active

    def test_somebody_without_any_way_to_prove_it_is_told_so(self, operator):
        operator.set_unusable_password()
        operator.save()
        answer = signed_in(operator, ago=LONG_AGO).get(f"/teams/{uuid4()}/delete")
        assert (answer.status_code, "Sign out and in again" in answer.text) == (403, True)

    def test_handing_a_browsers_sign_in_to_a_client_makes_it_no_younger(self, operator):
        """Otherwise an unlocked browser would fetch itself a token that may destroy."""
        browser = signed_in(operator, ago=LONG_AGO)
        begun = browser.post("/api/auth/login", {}, content_type="application/json").json()["authUrl"]
        # allauth sends somebody who is signed in straight on.
        answer = browser.get(browser.get(begun).url)
        token = parse_qs(urlsplit(answer.url).fragment)["token"][0]
        patched = Client().patch(
            f"/api/v1/users/{operator.pk}", {"roles": ["admin"]}, content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert patched.json()["code"] == "TOKEN_TOO_OLD"


def test_acts_in_a_browser_say_so_in_the_record(operator):
    person = UserFactory.create()
    body = {
        "action": "deactivate",
        "_selected_action": [person.pk],
        "confirmed": "yes",
        "reason": "Left.",
    }
    signed_in(operator).post(reverse("admin:accounts_user_changelist"), body)
    assert AuditEvent.objects.get(action="USER_UPDATE").credential == "session"


@pytest.mark.django_db(transaction=True)
class TestWithAProvider:
    """Somebody without a password here proves it at the provider, which must have asked them."""

    @pytest.fixture
    def long_ago(self, corp, browse, live_server, settings, monkeypatch):
        settings.RATE_LIMITS = {}
        page = browse()
        page.goto(f"{live_server.url}/sign-in/corp?next=/api-keys")
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/**")
        monkeypatch.setattr(recent_sign_in, "signed_in_at", lambda _r: timezone.now() - LONG_AGO)
        return page

    def test_the_provider_asks_for_the_password_although_it_knows_the_person(
        self, corp, long_ago, live_server, monkeypatch
    ):
        page = long_ago
        page.goto(f"{live_server.url}/teams/{uuid4()}/delete")
        assert page.url.startswith(f"{corp.url}/interaction/")
        assert page.locator("input[name=password]").count() == 1
        monkeypatch.undo()
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/teams/**")

    def test_an_answer_without_proof_does_not_count(self, corp, long_ago, live_server):
        corp.stage(fault="not-asked")
        page = long_ago
        page.goto(f"{live_server.url}/teams/{uuid4()}/delete")
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/home")
        assert "The provider did not confirm who you are." in page.inner_text("body")
