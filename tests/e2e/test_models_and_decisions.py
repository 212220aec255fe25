"""From the request for a restricted model to its use, a synchronisation that stops, and decisions of which one fails."""

import re
from datetime import timedelta

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import SYSTEM
from catalog.models import Model
from catalog.sync import sync_models
from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory


@pytest.fixture
def desk(visit):
    """A browser at which this person sits; in the end it must not have complained."""
    started = []

    def sit(user, **options):
        seat = visit(signed_in=False, **options)
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        seat.page.context.add_cookies(
            [{"name": c.key, "value": c.value, "url": seat.address} for c in client.cookies.values()]
        )
        started.append(seat)
        return seat

    yield sit
    assert [seat.complaints for seat in started if seat.complaints] == []


def accessible(page):
    found = Axe().run(page).response["violations"]
    assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in found] == []


def test_a_restricted_model_is_asked_for_granted_and_used(gateway, settings, desk):
    settings.LITELLM_PUBLIC_URL = gateway.url
    user, admin = UserFactory.create(full_name="Uma User"), UserFactory.create(is_operator=True)
    sync_models(actor=SYSTEM, trigger="test")
    Model.objects.filter(pk="gpt-4o").update(restricted_access=True)

    page = desk(user).open("/models/gpt-4o")
    page.get_by_label("What you need it for").fill("For my thesis.")
    accessible(page)
    page.get_by_role("button", name="Request access").click()
    expect(page.get_by_text("Your request waits for a decision")).to_be_visible()

    review = desk(admin, theme="dark").open("/operations/subscriptions/review")
    expect(review.get_by_text("For my thesis.").first).to_be_visible()
    accessible(review)
    review.keyboard.press("d")
    expect(review.get_by_label("Reason")).to_be_focused()
    review.get_by_role("heading", level=1).click()
    review.keyboard.press("a")
    expect(review.get_by_text("Nothing waits for a decision")).to_be_visible()

    page.reload()
    page.get_by_role("link", name="Create key with this model").click()
    page.get_by_label("Name", exact=True).fill("thesis")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("It works now.")).to_be_visible()
    secret = page.locator("#secret").inner_text()
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"Authorization": f"Bearer {secret}"}
    assert requests.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=30).ok


def test_a_synchronisation_stops_for_safety_and_goes_on_when_it_is_meant(gateway, desk):
    ModelFactory.create_batch(60)
    page = desk(UserFactory.create(is_operator=True)).open("/operations/models")
    page.get_by_role("link", name="Sync now").click()
    page.get_by_role("dialog").get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("The gateway no longer lists 60 of 60 models")).to_be_visible()
    assert Model.objects.available().count() == 60
    accessible(page)
    page.get_by_role("button", name="Sync anyway").click()
    told = page.get_by_label("Messages")
    expect(told.get_by_text(re.compile("1[0-9] new, 0 updated, 60 unavailable"))).to_be_visible()
    assert Model.objects.available().count() == 13
    accessible(page)


def test_of_many_decisions_one_fails_and_is_shown_with_its_cause(desk):
    rows = SubscriptionFactory.create_batch(3, status="pending", model__restricted_access=True)
    late = Subscription.objects.filter(pk=rows[0].pk)
    late.update(expires_at=timezone.now() - timedelta(days=1))
    seat = desk(UserFactory.create(is_operator=True), viewport={"width": 390, "height": 844})
    page = seat.open("/operations/subscriptions")
    accessible(page)
    page.get_by_role("table").get_by_role("checkbox").first.check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("#announce")).to_have_text("3 selected")
    page.get_by_role("button", name="Approve chosen").click()
    expect(page.get_by_text("1 will be left out")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not everything could be decided")
    expect(page.get_by_text("Its time ran out")).to_be_visible()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    late.update(expires_at=None)
    page.get_by_role("button", name="Try 1 again").click()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_label("Messages").get_by_text("1 request decided.")).to_be_visible()
    assert set(Subscription.objects.values_list("status", flat=True)) == {"active"}
