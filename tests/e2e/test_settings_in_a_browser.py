"""Operators' settings in a real browser: a banner and the branding up to their readers, a backup up to its test."""

import io
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from PIL import Image
from playwright.sync_api import expect

from jobs.models import Job
from jobs.running import run_job
from tests.factories import UserFactory

HERE = "/operations/settings"


def findings(page):
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


def enter(visit, **who):
    """A browser of somebody who has just signed in."""
    opened = visit(signed_in=False)
    client = Client()
    client.force_login(UserFactory.create(**who))
    cookies = [
        {"name": cookie.key, "value": cookie.value, "url": opened.address}
        for cookie in client.cookies.values()
    ]
    opened.page.context.add_cookies(cookies)
    return opened


@pytest.fixture
def operator(visit):
    opened = enter(visit, username="ada", is_operator=True)
    yield opened
    assert opened.complaints == []


@pytest.fixture
def logo(tmp_path) -> Path:
    out = io.BytesIO()
    Image.new("RGB", (120, 30), "navy").save(out, format="PNG")
    path = tmp_path / "logo.png"
    path.write_bytes(out.getvalue())
    return path


def test_a_banner_and_the_branding_reach_the_readers(operator, visit, logo):
    page = operator.open(f"{HERE}/banners/new")
    page.get_by_label("Name", exact=True).fill("Maintenance")
    page.get_by_label("Style").select_option("warning")
    page.get_by_label("Text", exact=True).first.fill("Back at **nine**")
    expect(page.get_by_text("16 / 500")).to_be_visible()
    page.get_by_label("The text is Markdown").check()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.locator("strong", has_text="nine")).to_be_visible()
    page.get_by_role("tab", name="Deutsch").click()
    page.get_by_role("button", name="Copy from English").click()
    german = page.get_by_role("tabpanel", name="Deutsch").locator("textarea")
    expect(german).to_have_value("Back at **nine**")
    page.get_by_label("Readers may close it").check()
    page.get_by_label("Visible", exact=True).check()
    assert findings(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("switch", name="Maintenance: visible")).to_be_checked()

    page.goto(f"{operator.address}{HERE}/branding")
    page.get_by_label("Own title").check()
    page.get_by_label("Title (optional)", exact=True).fill("Models of the Lab")
    page.get_by_label("Own images in the masthead").check()
    expect(page.get_by_role("region", name="Preview of the sign-in page")).to_contain_text(
        "Models of the Lab"
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Messages")).to_contain_text("Saved.")
    card = page.get_by_role("article").filter(has_text="Masthead, light theme")
    card.get_by_label("Image").set_input_files(logo)
    card.get_by_role("button", name="Upload").click()
    expect(card.get_by_role("img")).to_have_count(2)
    assert findings(page) == []

    reader = enter(visit, username="uma")
    seen = reader.open("/home")
    strip = seen.get_by_role("complementary", name="Announcement")
    expect(strip).to_contain_text("Warning Back at nine")
    expect(seen.locator("img.lm-brand__image")).to_be_visible()
    strip.get_by_role("button", name="Close the announcement").click()
    expect(strip).to_have_count(0)
    expect(seen.locator("#content")).to_be_focused()
    seen.reload()
    expect(strip).to_have_count(0)
    seen.context.clear_cookies()
    expect(reader.open("/login/").get_by_role("heading", name="Models of the Lab")).to_be_visible()
    assert reader.complaints == []


def test_a_backup_is_made_tested_and_downloaded(operator, settings, tmp_path):
    settings.BACKUP_DIR = str(tmp_path)
    page = operator.open(f"{HERE}/backup")
    page.get_by_role("button", name="Start backup").click()
    line = page.locator(".lm-job")
    expect(line).to_contain_text("Waiting for its turn")
    expect(page.get_by_role("button", name="Start backup")).to_have_attribute("aria-disabled", "true")
    run_job(Job.objects.get().pk)
    # The line and the list follow by themselves.
    expect(line).to_contain_text("Done")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("button", name="Start backup")).not_to_have_attribute("aria-disabled", "true")
    assert findings(page) == []

    menu = page.locator("summary[aria-label^='Actions for litemaas-']")
    menu.click()
    with page.expect_download() as found:
        page.get_by_role("link", name="Download").click()
    assert Path(found.value.path()).read_bytes()[:2] == b"\x1f\x8b"
    page.reload()
    menu.click()
    page.get_by_role("link", name="Test restore").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Database for the test")).to_have_value(re.compile("^litemaas_test_"))
    dialog.get_by_role("button", name="Test restore").click()
    expect(line).to_contain_text("Test a backup")
    run_job(Job.objects.filter(state="queued").get().pk)
    expect(page.get_by_text("All rows agree")).to_be_visible()
