"""The usage pages in a real browser: one journey through charts, keys, dialog and filters; axe in both themes."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from tests.factories import UserFactory
from tests.usage.conftest import log_row, make_key  # noqa: F401  a fixture
from usage.ledger import write_rows

pytestmark = pytest.mark.django_db(transaction=True)


def findings(page) -> list[str]:
    return [
        f"{rule['id']}: {node['html'][:320]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture
def used(visit, make_key):  # noqa: F811
    """A browser of somebody who, and somebody else who, used two models for a week."""
    reader = visit()
    now = timezone.now()
    make_key("hash-1", owner=User.objects.get())
    make_key("hash-2", owner=UserFactory(username="walter"), name="of walter")
    rows = [
        log_row(n, api_key=f"hash-{1 + n % 2}", model_group=f"lab/m{n % 3}", at=now - timedelta(hours=5 * n))
        for n in range(30)
    ]
    write_rows(rows, now=now)
    return reader


def test_charts_are_read_by_keys_switched_and_shown_large(used):
    page = used.open("/usage")
    chart = page.locator("#usage-trend")
    chart.scroll_into_view_if_needed()
    expect(chart.locator("svg")).to_be_visible()
    assert findings(page) == []

    chart.focus()
    page.keyboard.press("End")
    expect(page.locator("#announce")).to_contain_text(timezone.localdate().isoformat())
    page.keyboard.press("t")
    table = page.get_by_role("region", name="Usage trend: table")
    expect(table).to_be_focused()
    page.keyboard.press("t")
    expect(chart).to_be_focused()

    with page.expect_download() as download:
        page.keyboard.press("e")
    assert download.value.suggested_filename.startswith("usage-trend-")

    page.get_by_label("Usage by model: metric").focus()
    page.get_by_label("Usage by model: metric").select_option("cost")
    page.wait_for_url("**models=cost**")
    expect(page.get_by_label("Usage by model: metric")).to_be_focused()
    page.locator("#usage-models").scroll_into_view_if_needed()
    expect(page.locator("#usage-models svg")).to_be_visible()

    page.locator("#usage-shares").focus()
    page.keyboard.press("f")
    dialog = page.get_by_role("dialog", name="Share of the models")
    expect(dialog.locator("[data-chart] svg")).to_be_visible()
    expect(dialog.get_by_role("table", name="By model")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert used.complaints == []


def test_the_keys_filter_follows_the_users_filter(used):
    page = used.open("/operations/usage?compare=none")
    expect(page.locator("#usage-trend svg")).to_be_visible()
    assert findings(page) == []

    page.get_by_label("Search users").fill("walt")
    expect(page.get_by_text("1 person is shown")).to_be_visible()
    page.locator("summary", has_text="Users").click()
    page.get_by_label("walter", exact=True).check()
    expect(page.get_by_text("Users: walter")).to_be_visible()
    page.locator("summary", has_text="API keys").click()
    expect(page.get_by_label("of walter (walter)")).to_be_visible()
    # htmx tells of a request that a newer one took the place of.
    assert [told for told in used.complaints if not told.startswith("htmx:")] == []
