"""The playground's page in a real browser, under the strict content policy."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from apikeys.services import issue_api_key
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory
from tests.playground.conftest import CHAT
from tests.portal.conftest import signed_in
from tests.web.conftest import visit as visit


@pytest.fixture
def start(visit, gateway, drain):
    """Open the page as somebody with a key."""

    def run(**options):
        started = visit(**options)
        user = User.objects.get(username="alice")
        if not user.api_keys.exists():
            SubscriptionFactory(user=user, model=ModelFactory(id=CHAT))
            issue_api_key(actor=user, name="Mine", model_ids=[CHAT], now=timezone.now())
            drain()
        started.open("/playground")
        return started

    return run


def say(page, words):
    page.get_by_label("Message", exact=True).fill(words)
    page.get_by_label("Message", exact=True).press("Enter")


def test_an_answer_comes_with_what_it_took(start):
    started = start()
    page = started.page
    page.get_by_label("System prompt").fill("Be brief.")
    say(page, "Hello from the browser")
    log = page.get_by_role("log")
    expect(log).to_contain_text("You wrote: Hello from the browser")
    expect(log).to_contain_text("First token")
    expect(log).to_contain_text("$0.")
    say(page, "And again")
    expect(log.get_by_text("You wrote: And again")).to_be_visible()
    assert "sk-" not in page.content()
    assert started.complaints == []


def test_stopping_keeps_what_was_said(start, gateway):
    gateway.faults.add("pace", "/v1/chat/completions", seconds=0.2)
    page = start().page
    say(page, "word " * 60)
    log = page.get_by_role("log")
    expect(log).to_contain_text("You wrote")
    page.get_by_role("button", name="Stop").click()
    expect(log).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    gateway.faults.clear()


def test_an_error_says_why(start, gateway):
    gateway.faults.add("status", "/v1/chat/completions", status=500)
    page = start().page
    say(page, "Hello")
    expect(page.get_by_role("log")).to_contain_text("The model could not answer.")


def test_without_a_key_there_is_a_way_to_one(db):
    assert "Create key" in signed_in(UserFactory()).get("/playground").content.decode()
