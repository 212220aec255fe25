"""Operators look after people and read the record of acts, in a real browser: one journey for each page."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from accounts.models import User
from tests.factories import UserFactory


def findings(page):
    return [rule["id"] for rule in Axe().run(page).response["violations"]]


@pytest.fixture
def operator(visit):
    opened = visit(signed_in=False)
    client = Client()
    client.force_login(UserFactory.create(username="ada", is_operator=True))
    opened.page.context.add_cookies(
        [{"name": each.key, "value": each.value, "url": opened.address} for each in client.cookies.values()]
    )
    yield opened
    assert opened.complaints == []


def test_somebody_is_found_looked_at_and_deactivated(operator):
    UserFactory.create_batch(12)
    uma = UserFactory.create(username="uma", full_name="Uma User", email="uma@lab.example")
    page = operator.open("/operations/users")
    expect(page.get_by_role("row")).to_have_count(11)
    page.get_by_placeholder("Search by name or e-mail").fill("lab.example")
    expect(page).to_have_url(re.compile(r"search=lab\.example"))
    expect(page.get_by_role("row")).to_have_count(2)
    # The address holds the state, Back and Forward work.
    lists = []
    page.on("request", lambda sent: lists.append(sent.url) if "/operations/users?" in sent.url else None)
    page.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
    expect(page).to_have_url(re.compile("sort=email"))
    # Leaving the search is no new search, whose answer would come after the order that was asked for.
    assert [url for url in lists if "sort=email" not in url] == []
    page.go_back()
    expect(page).not_to_have_url(re.compile("sort=email"))
    expect(page.get_by_placeholder("Search by name or e-mail")).to_have_value("lab.example")
    page.get_by_role("link", name="uma", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Uma User")
    for tab in ("Budget and limits", "API keys", "Subscriptions", "Teams", "Activity", "Profile"):
        page.get_by_role("main").get_by_role("link", name=tab, exact=True).first.click()
        expect(page.get_by_role("main").locator("[aria-current=page]", has_text=tab)).to_be_visible()
    page.get_by_role("link", name="Deactivate").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Deactivate Uma User?")
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Deactivate").click()
    dialog.get_by_label("Reason").fill("Left the lab.")
    dialog.get_by_role("button", name="Deactivate").click()
    expect(
        page.get_by_text("Uma User is deactivated.").or_(page.get_by_text("uma is deactivated.")).first
    ).to_be_visible()
    assert not User.objects.get(pk=uma.pk).is_active


def test_the_record_of_acts_is_narrowed_opened_and_its_filters_kept(operator):
    uma = UserFactory.create(username="uma", full_name="Uma User")
    UserFactory.create(username="umberto")
    page = operator.open(f"/operations/users/{uma.pk}/limits")
    page.get_by_label(re.compile("^Budget"), exact=False).first.fill("12")
    page.get_by_role("button", name="Save").click()
    page.goto(f"{operator.address}/operations/audit")
    page.get_by_label("Action", exact=True).select_option(label="User’s limits changed")
    expect(page).to_have_url(re.compile("action=USER_BUDGET_UPDATE"))
    page.get_by_role("button", name=re.compile("^Show the details")).click()
    expect(page.get_by_role("row", name=re.compile("12")).first).to_be_visible()
    assert findings(page) == []
    # Who is meant is offered while one types.
    person = page.get_by_label("User name or e-mail")
    with page.expect_response(re.compile("/operations/people")):
        person.press_sequentially("um", delay=20)
    expect(page.locator("#found-user option")).to_have_count(2)
    person.blur()
    expect(page.get_by_text("Did you mean one of these?")).to_be_visible()
    page.get_by_role("link", name="umberto").click()
    expect(page.get_by_text("No entries fit")).to_be_visible()
    page.get_by_role("link", name="Save these filters").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Umberto's budgets")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Umberto's budgets").first).to_be_attached()
    expect(page).to_have_url(re.compile("user=umberto"))
