"""Every element, in a real browser: accessible, quiet under the strict CSP, usable by keys and without script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse_lazy
from playwright.sync_api import expect

pytestmark = pytest.mark.urls("tests.web.urls")

COMPONENTS = "/-/components"


def findings(page) -> list[str]:
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]


def await_charts(page) -> None:
    """All kinds of them; each is drawn when somebody comes near it."""
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator("svg")).to_be_visible()
    page.locator("h1").scroll_into_view_if_needed()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_in_either_theme_at_any_width(visit, theme, width):
    reader = visit(theme=theme, viewport={"width": width, "height": 900})
    page = reader.open(COMPONENTS + "?toasts=1")
    await_charts(page)

    assert findings(page) == []
    assert reader.complaints == [], "the CSP was broken or a script failed"


def test_nothing_is_cut_off_or_scrolls_sideways_at_320_pixels(visit):
    page = visit(viewport={"width": 320, "height": 900}).open(COMPONENTS)
    await_charts(page)

    main = page.locator("main").evaluate(
        "main => main.parentElement.scrollWidth - main.parentElement.clientWidth"
    )
    assert main == 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


def test_without_script_nothing_is_hidden_that_only_a_script_could_show(visit):
    page = visit(java_script_enabled=False, viewport={"width": 390, "height": 900}).open(COMPONENTS)

    # Nothing stands before the content; the address opens the navigation, and closes it again.
    models = page.get_by_role("navigation", name="Main").get_by_role("link", name="Models", exact=True)
    expect(models).to_have_count(0)
    page.get_by_role("link", name="Main navigation").click()
    expect(models).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#sidebar a").first).to_be_focused()
    page.get_by_role("link", name="Close the navigation").click()
    expect(models).to_have_count(0)
    expect(page.get_by_role("table", name="Model share")).to_be_visible()
    expect(page.get_by_text("from openai import OpenAI")).to_be_visible()
    expect(page.get_by_text("import OpenAI from")).to_be_visible()
    expect(page.get_by_role("button", name="Apply")).to_be_visible()
    expect(page.locator(".lm-script-only:visible")).to_have_count(0)


def test_a_dialog_takes_the_focus_and_gives_it_back(visit):
    reader = visit()
    page = reader.open(COMPONENTS)
    opener = page.get_by_role("link", name="Open dialog")
    opener.click()

    expect(page.get_by_role("dialog", name="Delete the key “build”?")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel").last).to_be_focused()
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    assert reader.complaints == []


def test_a_dialog_is_a_page_without_script(visit):
    page = visit(java_script_enabled=False).open(COMPONENTS)
    page.get_by_role("link", name="Open dialog").click()

    expect(page.get_by_role("heading", name="Delete the key “build”?", level=1)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button", name="Delete key")).to_be_visible()


def test_typing_into_a_filter_swaps_the_results_and_says_so(visit):
    page = visit().open(COMPONENTS)
    search = page.get_by_role("searchbox", name="Search models")
    search.press_sequentially("gpt")

    expect(page.get_by_role("group", name="Filters in use")).to_contain_text("Search models: gpt")
    expect(search).to_be_focused()
    expect(page.locator("#announce")).to_have_text("95 keys, page 3")
    expect(page).to_have_url(re.compile(r"\?q=gpt&sort=name$"))


def test_the_focus_stays_on_a_sort_link_that_was_swapped(visit):
    page = visit().open(COMPONENTS)
    # The list comes sorted by name.
    page.get_by_role("link", name="Name", exact=True).click()

    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("link", name="Name", exact=True)).to_be_focused()


def test_a_menu_opens_walks_and_closes_by_keys(visit):
    page = visit().open(COMPONENTS)
    toggle = page.locator("summary", has_text="30 days")
    toggle.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="7 days")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="A year")).to_be_focused()
    page.keyboard.type("7")
    expect(page.get_by_role("link", name="7 days")).to_be_focused()
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    expect(page.get_by_role("link", name="7 days")).to_be_hidden()


def test_tabs_of_a_snippet_follow_the_arrow_keys(visit):
    page = visit().open(COMPONENTS)
    page.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")

    expect(page.get_by_role("tab", name="Python")).to_be_focused()
    expect(page.get_by_text("from openai import OpenAI")).to_be_visible()
    expect(page.get_by_text("curl https://gateway")).to_be_hidden()


def test_copying_takes_exactly_the_code_and_says_so(visit):
    reader = visit(permissions=["clipboard-read", "clipboard-write"])
    page = reader.open(COMPONENTS)
    page.locator("[data-copy='#secret']").click()

    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret").inner_text()


def test_a_chart_has_its_table_and_tells_its_points(visit):
    page = visit().open(COMPONENTS)
    await_charts(page)
    card = page.locator("[data-chart-card]").first
    card.locator("[data-chart]").focus()
    page.keyboard.press("Home")
    expect(page.locator("#announce")).to_have_text("2026-11-01: Requests 40, Period before 40")
    page.keyboard.press("t")

    expect(card.get_by_role("table", name="Requests")).to_be_visible()
    expect(card.locator("[data-chart]")).to_be_hidden()


def test_the_system_theme_is_followed_without_a_cookie_saying_otherwise(visit):
    dark = visit(theme="system", color_scheme="dark").open(COMPONENTS)
    expect(dark.locator("html.pf-v6-theme-dark")).to_have_count(1)
    light = visit(theme="light", color_scheme="dark", signed_in=False).open(COMPONENTS)
    expect(light.locator("html.pf-v6-theme-dark")).to_have_count(0)


def test_the_theme_is_switched_by_a_form_that_needs_no_script(visit):
    page = visit(java_script_enabled=False).open(COMPONENTS + "?q=gpt")
    page.locator("summary[aria-label=Theme]").click()
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html.pf-v6-theme-dark")).to_have_count(1)
    assert page.url.endswith(COMPONENTS + "?q=gpt")


def test_a_form_is_sent_once_however_often_it_is_clicked(visit):
    page = visit().open(COMPONENTS)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    with page.expect_navigation(url="**/*posted=1"):
        page.get_by_role("button", name="Post", exact=True).dblclick()

    assert len(sent) == 1


def test_the_sidebar_of_a_narrow_screen_opens_and_closes(visit):
    page = visit(viewport={"width": 390, "height": 800}).open(COMPONENTS)
    toggle = page.get_by_role("button", name="Main navigation")
    home = page.get_by_role("navigation", name="Main").get_by_role("link", name="API keys")

    expect(home).to_be_hidden()
    toggle.click()
    expect(home).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(home).to_be_hidden()


def test_skip_links_lead_to_content_and_navigation(visit):
    page = visit().open(COMPONENTS + "?dialog=1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link").first).to_be_focused()


@pytest.mark.parametrize(
    "path", [reverse_lazy("account_login"), reverse_lazy("account_reset_password"), "/no/page"]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_pages_for_everybody(visit, path, theme):
    reader = visit(theme=theme, signed_in=False)
    page = reader.open(str(path))

    assert findings(page) == []
    assert [complaint for complaint in reader.complaints if "status of 404" not in complaint] == []
