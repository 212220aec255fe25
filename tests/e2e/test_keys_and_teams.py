"""Keys in use: a rotation that no program notices, and a team from the invitation to the first call."""

import re
import threading
from collections import Counter
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from accounts.models import SYSTEM
from apikeys.models import ApiKey
from catalog.models import Model
from catalog.sync import sync_models
from teams.models import Member
from tests.factories import NOW, SubscriptionFactory, TeamFactory, UserFactory
from tests.portal.conftest import signed_in


@pytest.fixture
def model(gateway, settings, transactional_db):
    settings.LITELLM_PUBLIC_URL = gateway.url
    sync_models(actor=SYSTEM, trigger="test")
    return (
        Model.objects.available().filter(model_type="chat", restricted_access=False, tpm=None).earliest("pk")
    )


def enter(started, user):
    """Go on as this person."""
    cookies = signed_in(user).cookies
    started.page.context.add_cookies(
        [{"name": cookie.key, "value": cookie.value, "url": started.address} for cookie in cookies.values()]
    )


def call(gateway, secret, model):
    body = {"model": model.pk, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"Authorization": f"Bearer {secret}"}
    return requests.post(
        f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=30
    ).status_code


def make_key(page, name, model, team=None):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label(model.pk, exact=True).check()
    if team:
        page.get_by_label("Team (optional)", exact=True).select_option(label=team)
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("It works now.")).to_be_visible()
    return page.locator("#secret").inner_text()


class Caller(threading.Thread):
    """A program that calls on and on with one secret and counts the answers."""

    def __init__(self, gateway, secret, model):
        super().__init__(daemon=True)
        self.answers = Counter()
        self._call = lambda: call(gateway, secret, model)
        self._enough = threading.Event()

    def run(self):
        while not self._enough.wait(0.05):
            self.answers[self._call()] += 1

    def stop(self):
        self._enough.set()
        self.join()


def test_a_rotation_goes_unnoticed_by_the_program_that_uses_the_key(gateway, model, tell):
    user = UserFactory.create(username="rota")
    SubscriptionFactory.create(user=user, model=model)
    enter(tell, user)
    former = make_key(tell.open("/api-keys/new"), "build", model)
    page = tell.page
    caller = Caller(gateway, former, model)
    caller.start()
    try:
        page.get_by_role("link", name="Details of the key").click()
        page.get_by_role("link", name="Rotate key").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("For an hour").check()
        dialog.get_by_role("button", name="Rotate key").click()
        expect(page.locator("#secret")).to_have_text(re.compile("^sk-"))
        new = page.locator("#secret").inner_text()
        assert new != former
        expect(page.get_by_text("The former key still works")).to_be_visible()
        assert call(gateway, new, model) == 200
    finally:
        caller.stop()
    assert set(caller.answers) == {200}
    assert page.content().count(former) == 0, "the former secret is nowhere"

    page.get_by_role("button", name="End it now").click()
    expect(
        page.get_by_role("region", name="Messages").get_by_text("The former key has ended.")
    ).to_be_visible()
    assert call(gateway, former, model) == 401
    assert call(gateway, new, model) == 200
    assert not page.locator("#secret").is_visible(), "the new secret was on the page of the rotation only"


def test_a_team_from_the_invitation_to_the_first_call(gateway, model, tell, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    head, guest = UserFactory.create(username="head"), UserFactory.create(username="guest")
    SubscriptionFactory.create(user=guest, model=model)
    team = TeamFactory.create(name="Physics", max_budget=10, budget_window="monthly")
    Member.objects.create(team=team, user=head, role="admin", joined_at=NOW)
    enter(tell, head)
    page = tell.open(f"/teams/{team.pk}/invitations")
    page.get_by_role("link", name="Invite").first.click()
    page.get_by_role("dialog").get_by_label("E-mail address or user name").fill("guest")
    page.get_by_role("dialog").get_by_role("button", name="Invite").click()
    link = page.locator("#secret").inner_text()

    enter(tell, guest)
    tell.open(urlsplit(link).path)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Physics")
    expect(page.get_by_role("table", name="What applies here")).to_contain_text("Team Physics")
    secret = make_key(tell.open("/api-keys/new"), "shared work", model, team="Physics")
    assert call(gateway, secret, model) == 200
    assert ApiKey.objects.get(owner=guest).team == team

    enter(tell, head)
    row = tell.open(f"/teams/{team.pk}/keys").get_by_role("row", name="shared work")
    expect(row).to_contain_text("Guest")
    row.locator("summary").click()
    row.get_by_role("link", name="Revoke key").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_label("Messages").get_by_text("is revoked")).to_be_visible()
    assert secret not in page.content()
