"""Django admin in Chromium: an act and a form by keyboard alone, accessible in both themes."""

import pytest
from django.test import Client
from django.urls import reverse

from subscriptions.models import Subscription
from teams.models import TeamGroup
from tests.factories import SubscriptionFactory, TeamFactory, UserFactory
from tests.walk import axe
from tests.walk.test_pages_in_a_browser import LIBRARY_RULES

pytestmark = pytest.mark.django_db(transaction=True)


def faults(page):
    found = [fault for fault in axe.findings(page) if not fault.startswith(LIBRARY_RULES)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {fault}" for fault in axe.findings(page, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return [f"{page.url}: {fault}" for fault in found]


def test_a_request_is_denied_and_a_group_is_mapped_by_keyboard(visit):
    # As the system: the theme that no other test looks at.
    started, browser = visit(signed_in=False, theme="system", reduced_motion="reduce"), Client()
    browser.force_login(UserFactory.create(is_operator=True))
    page, cookie = started.page, browser.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": started.address}])
    axe.prepare(page.context)
    request, team = SubscriptionFactory.create(status="pending"), TeamFactory.create(name="Physics")

    page.goto(started.address + reverse("admin:subscriptions_subscription_changelist"))
    found = faults(page)
    page.locator("input.action-select").focus()
    page.keyboard.press("Space")
    page.get_by_label("Action:").select_option("deny")
    page.get_by_role("button", name="Go", exact=True).press("Enter")
    page.get_by_role("heading", name="Deny these requests").wait_for()
    assert page.get_by_text(request.model_id).is_visible()
    found += faults(page)
    page.get_by_label("Reason").fill("Too dear.")
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_text("Done for 1 row").wait_for()
    assert Subscription.objects.get().status == "denied"
    page.goto(started.address + reverse("admin:subscriptions_subscription_change", args=[request.pk]))
    found += faults(page)

    page.goto(started.address + reverse("admin:teams_teamgroup_add"))
    # The library names its box by what is chosen in it.
    page.locator(".field-team .select2-selection").press("Enter")
    page.locator(".select2-search__field").press_sequentially("Phys")
    page.get_by_role("option", name="Physics").wait_for()
    page.locator(".select2-search__field").press("Enter")
    page.get_by_label("Group:").fill("physicists")
    found += faults(page)
    page.get_by_role("button", name="Save and continue editing").press("Enter")
    page.get_by_role("heading", name="Physics: physicists").wait_for()
    assert TeamGroup.objects.get().team == team
    page.get_by_role("link", name="Delete").press("Enter")
    page.get_by_role("button", name="Yes, I’m sure").wait_for()
    found += faults(page)
    page.get_by_role("button", name="Yes, I’m sure").press("Enter")
    page.get_by_text("was deleted successfully").wait_for()
    assert not TeamGroup.objects.exists()
    assert found == []
