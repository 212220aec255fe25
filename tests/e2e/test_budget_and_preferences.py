"""What comes to people by itself, and what they set for themselves: a budget's alert; language and theme."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import SYSTEM
from catalog.models import Model
from catalog.sync import sync_models
from tests.e2e.test_keys_and_teams import call, enter, make_key
from tests.factories import SubscriptionFactory, UserFactory
from usage.budgets.alerting import watch_budgets
from usage.models import UsageLog
from usage.services import pull_usage


@pytest.fixture
def model(gateway, settings, transactional_db):
    settings.LITELLM_PUBLIC_URL = gateway.url
    sync_models(actor=SYSTEM, trigger="test")
    return (
        Model.objects.available()
        .filter(model_type="chat", restricted_access=False, input_cost_per_token__gt=0, tpm=None)
        .earliest("pk")
    )


def test_a_budget_that_is_nearly_used_up_is_told_once_and_leads_to_the_key(gateway, model, tell):
    user = UserFactory.create(username="bea", signs_in=True)
    SubscriptionFactory.create(user=user, model=model)
    enter(tell, user)
    page = tell.open("/api-keys/new")
    page.get_by_label(re.compile("^Budget")).first.fill("0.0001")
    secret = make_key(page, "Small purse", model)
    assert [call(gateway, secret, model) for _ in range(2)] == [200, 200]
    pull_usage(timezone.now() + timedelta(seconds=1))
    spent = sum(log.cost for log in UsageLog.objects.filter(user_id=user.pk))
    assert Decimal("0.00008") < spent < Decimal("0.0001")
    for _ in range(2):
        watch_budgets(now=timezone.now())

    page = tell.open("/home")
    page.get_by_role("link", name=re.compile("Notifications, [1-9] unread")).click()
    told = page.locator("#drawer").get_by_role(
        "link", name=re.compile("80 % of the budget of API key Small purse")
    )
    expect(told).to_have_count(1)
    told.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Small purse")
    expect(page.get_by_role("progressbar").first).to_be_visible()


def test_language_and_theme_are_chosen_and_stay(tell):
    enter(tell, UserFactory.create(username="lena"))
    page = tell.open("/models")
    page.get_by_title("Language").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Modelle")
    assert page.url.endswith("/models")
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_title("Design").click()
    page.get_by_role("button", name="Dunkel").click()
    expect(page.locator("html")).to_have_class(re.compile("pf-v6-theme-dark"))
    tell.open("/home")
    expect(page.locator("html")).to_have_class(re.compile("pf-v6-theme-dark"))
    assert page.locator("html").get_attribute("lang") == "de"
