"""What only a browser shows of the frame: the drawer, typed text that outlives a session, its end, and shortcuts."""

import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from notifications import services
from tests.factories import PASSWORD


def tell(user, title, **parts):
    with transaction.atomic():
        services.notify(user_ids=[user.pk], kind="invitation", title=title, now=timezone.now(), **parts)


@pytest.fixture
def alice_visits(visit):
    started = visit(signed_in=True)
    return started, User.objects.get(username="alice")


def test_the_drawer_opens_beside_the_page_and_gives_the_focus_back(alice_visits):
    visit, alice = alice_visits
    tell(alice, "First", link="/teams")
    tell(alice, "Second")
    page = visit.open("/home")
    bell = page.locator("#bell")
    bell.click()
    expect(page.locator("#drawer-title")).to_be_focused()
    expect(bell).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Mark “Second” as read").click()
    expect(page.get_by_role("button", name="Mark “Second” as read")).to_have_count(0)
    expect(bell).to_have_attribute("aria-label", "Notifications, 1 unread")
    expect(page.locator("#drawer-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(bell).to_be_focused()

    # A look at the bell tells what is new.
    tell(alice, "Third")
    page.evaluate("htmx.trigger(document.getElementById('bell'), 'look')")
    expect(page.locator("#announce")).to_have_text("1 new notification")

    # Following a link reads it.
    bell.click()
    page.locator("#drawer").get_by_role("link", name="First").click()
    page.wait_for_url(re.compile("/teams"))
    expect(page.locator("#bell")).to_have_attribute("aria-label", "Notifications, 1 unread")
    assert visit.complaints == []


def test_typed_text_outlives_the_session_and_the_reader_is_warned_before_its_end(alice_visits):
    visit, alice = alice_visits
    alice.set_password(PASSWORD)
    alice.save()
    client = Client()
    client.force_login(alice)
    session = client.session
    session.set_expiry(200)
    session.save()
    cookie = {"name": "sessionid", "value": session.session_key, "url": visit.address}
    visit.page.context.add_cookies([cookie])
    page = visit.open("/settings")
    page.get_by_label("Full name").fill("Alice, typed for long")
    page.evaluate("htmx.trigger(document.getElementById('bell'), 'look')")
    stay = page.get_by_role("button", name="Stay signed in")
    expect(stay).to_be_focused()
    stay.click()
    expect(page.locator("#session-end")).to_be_hidden()
    expect(page.get_by_label("Full name")).to_be_focused()

    SessionStore.get_model_class().objects.filter(session_key=session.session_key).delete()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("session=expired"))
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/settings"))
    expect(page.get_by_label("Full name")).to_have_value("Alice, typed for long")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Your profile is saved.")


def test_single_keys_lead_to_pages_unless_they_are_turned_off(alice_visits):
    visit, alice = alice_visits
    page = visit.open("/home")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url(re.compile("/models"))
    page.keyboard.press("/")
    expect(page.locator("#content input[type=search]")).to_be_focused()
    page.keyboard.type("g")
    assert page.url.startswith(f"{visit.address}/models")

    User.objects.filter(pk=alice.pk).update(preferences={"shortcuts": False})
    page = visit.open("/home")
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url == f"{visit.address}/home"
