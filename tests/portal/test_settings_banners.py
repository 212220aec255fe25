"""Operators write banners, switch them and see who changed what; readers see the one meant for them, and close it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal import banners
from portal.look import forget_look
from portal.models import Banner, BannerChange
from tests.factories import UserFactory
from tests.portal.conftest import signed_in
from tests.portal.test_every_page import statements

pytestmark = pytest.mark.django_db
HERE = "/operations/settings/banners"
NEW = {
    "name": "Maintenance",
    "variant": "warning",
    "priority": "1",
    "content_en": "Back at nine",
    "is_active": "on",
}


@pytest.fixture
def console(operator):
    return signed_in(operator)


@pytest.fixture
def make(operator):
    def create(**values):
        facts = {"name": "One", "content": {"en": "Hello"}, "is_active": True, **values}
        return banners.create_banner(actor=operator, values=facts, exclusive=False, now=timezone.now())

    return create


def strip_of(client, path="/home"):
    """The banner on top of a page, or nothing."""
    found = re.search(r'<aside[^>]*id="banner".*?</aside>', client.get(path).text, re.DOTALL)
    return found[0] if found else ""


def test_a_new_banner_is_on_every_page_of_its_readers(console, browser):
    assert console.post(f"{HERE}/new", NEW)["Location"] == HERE
    strip = strip_of(browser)
    assert "Back at nine" in strip
    assert "Warning" in strip
    assert "Maintenance" not in strip, "the name is for administrators"
    assert 'id="banner"' not in Client().get("/login/").text


def test_the_text_is_in_the_readers_language_and_says_when_it_is_not(console, browser):
    console.post(f"{HERE}/new", {**NEW, "content_de": "Zurück um neun"})
    browser.cookies["django_language"] = "de"
    assert 'lang="de"' in (german := strip_of(browser))
    assert "Zurück um neun" in german
    browser.cookies["django_language"] = "fr"
    assert 'lang="en"' in strip_of(browser)


def test_markdown_links_and_a_link_of_its_own_are_shown_and_html_is_text(console, browser):
    text = "**Look** <b>here</b> [plan](https://example.com/p)"
    sent = {
        **NEW,
        "content_en": text,
        "is_markdown": "on",
        "link_url": "https://example.com",
        "link_text_en": "More",
    }
    console.post(f"{HERE}/new", sent)
    strip = strip_of(browser)
    assert "<strong>Look</strong> &lt;b&gt;here" in strip
    assert 'href="https://example.com/p"' in strip
    assert re.search(r'href="https://example.com" target="_blank" rel="noopener">More', strip)


def test_only_the_one_of_highest_rank_is_shown(make, browser):
    make(name="low", content={"en": "low one"}, priority=1)
    make(name="high", content={"en": "high one"}, priority=5)
    assert "high one" in strip_of(browser)
    assert "low one" not in strip_of(browser)


@pytest.mark.parametrize(
    "values",
    [
        {"is_active": False},
        {"starts_at": timezone.now() + timedelta(hours=1)},
        {"ends_at": timezone.now() - timedelta(hours=1)},
        {"target_roles": ["admin"]},
    ],
)
def test_what_is_not_meant_for_a_reader_now_is_not_shown(make, browser, values):
    make(**values)
    assert strip_of(browser) == ""


def test_a_banner_for_somebody_is_shown_to_them_alone(make, person, browser):
    make(target_user_ids=[person.pk])
    assert "Hello" in strip_of(browser)
    assert strip_of(signed_in(UserFactory())) == ""


def test_closing_it_leads_back_and_it_stays_closed_until_its_hours_are_over(make, browser, person):
    banner = make(is_dismissible=True, dismiss_hours=2)
    close = f"/banners/{banner.pk}/dismiss"
    assert browser.post(close, {"next": "/models?type=chat"})["Location"] == "/models?type=chat"
    assert browser.post(close, {"next": "https://evil.example/"})["Location"] == "/home"
    assert strip_of(browser) == ""
    banner.dismissals.update(until=timezone.now() - timedelta(minutes=1))
    assert "Hello" in strip_of(browser)


def test_a_script_gets_an_empty_answer_and_the_focus_moves_on(make, browser):
    banner = make(is_dismissible=True)
    answer = browser.post(f"/banners/{banner.pk}/dismiss", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Trigger-After-Swap"] == "focus-content"


def test_one_that_can_not_be_closed_has_no_button(make, browser):
    banner = make()
    assert "dismiss" not in strip_of(browser)
    assert browser.post(f"/banners/{banner.pk}/dismiss").status_code == 400


def test_a_page_pays_nothing_for_banners_while_nobody_can_close_one(make, browser):
    before = statements(browser, "/subscriptions")
    make()
    assert statements(browser, "/subscriptions") == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Give the banner a name."),
        ("content_en", "", "The English text is required."),
        ("content_fr", "x" * 501, "at most 500 characters"),
        ("link_url", "javascript:alert(1)", "A link begins with https:// or http://."),
        ("people", "nobody", "There is no user “nobody”."),
        ("dismiss_hours", "0", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(console, field, value, said):
    page = console.post(f"{HERE}/new", {**NEW, field: value})
    assert said in page.text
    assert "Back at nine" in page.text or field == "content_en"
    assert not Banner.objects.exists()


def test_an_end_before_the_start_is_said_at_the_end(console):
    page = console.post(
        f"{HERE}/new", {**NEW, "starts_at": "2026-12-02T10:00", "ends_at": "2026-12-01T10:00"}
    )
    assert "A banner ends after it starts." in page.text
    assert re.search(r'name="ends_at"[^>]*aria-invalid="true"', page.text)


def test_times_are_those_of_the_readers_zone(console, operator):
    console.post(f"{HERE}/new", {**NEW, "starts_at": "2027-01-02T10:00"})
    banner = Banner.objects.get()
    assert timezone.localtime(banner.starts_at).strftime("%Y-%m-%d %H:%M") == "2027-01-02 10:00"
    assert 'value="2027-01-02T10:00"' in console.get(f"{HERE}/{banner.pk}").text


def test_an_edit_keeps_languages_that_the_form_does_not_know_and_shows_it_again_to_all(
    console, make, browser
):
    banner = make(content={"en": "Hello", "nl": "Hallo"}, is_dismissible=True)
    browser.post(f"/banners/{banner.pk}/dismiss")
    edit = {**NEW, "content_en": "Hello", "is_dismissible": "on"}
    assert "sees it again" not in console.post(f"{HERE}/{banner.pk}", edit, follow=True).text
    changed = console.post(f"{HERE}/{banner.pk}", {**edit, "content_en": "New text"}, follow=True)
    assert "sees it again" in changed.text
    banner.refresh_from_db()
    assert banner.content == {"en": "New text", "nl": "Hallo"}
    # In a test nothing is committed, so that the process does not hear of it.
    forget_look()
    assert "New text" in strip_of(browser)


def test_the_history_tells_who_changed_what(console, operator, make):
    banner = make()
    console.post(f"{HERE}/{banner.pk}", {**NEW, "name": "One", "content_en": "Goodbye"})
    page = console.get(f"{HERE}/{banner.pk}").text
    history = page.partition('id="history"')[2]
    assert "en: Hello → en: Goodbye" in history
    assert operator.display_name in history


def test_the_preview_shows_what_is_typed_right_or_wrong(console):
    shown = console.post(
        f"{HERE}/preview", {"variant": "danger", "content_en": "<i>x</i> **b**", "is_markdown": "on"}
    )
    assert "Danger" in shown.text
    assert "&lt;i&gt;x&lt;/i&gt; <strong>b</strong>" in shown.text
    assert console.post(f"{HERE}/preview", {"variant": "pink", "link_url": "javascript:x"}).status_code == 200
    assert not Banner.objects.exists()


def test_all_switches_are_applied_together_and_one_is_visible_unless_several_are_allowed(console, make):
    one, two = make(name="one"), make(name="two", is_active=False)
    listed = [one.pk, two.pk]
    refused = console.post(f"{HERE}/visibility", {"listed": listed, "visible": listed}, follow=True)
    assert "One banner is visible at a time" in refused.text
    assert "two: visible" in refused.text
    console.post(f"{HERE}/visibility", {"listed": listed, "visible": [two.pk]})
    assert dict(Banner.objects.values_list("name", "is_active")) == {"one": False, "two": True}
    console.post(f"{HERE}/visibility", {"listed": listed, "visible": listed, "several": "yes"})
    assert Banner.objects.filter(is_active=True).count() == 2
    same = console.post(
        f"{HERE}/visibility", {"listed": listed, "visible": listed, "several": "yes"}, follow=True
    )
    assert "Nothing was switched." in same.text


def test_deleting_asks_and_keeps_the_history(console, make):
    banner = make()
    assert "Delete the banner “One”?" in console.get(f"{HERE}/{banner.pk}/delete").text
    console.post(f"{HERE}/{banner.pk}/delete")
    assert not Banner.objects.exists()
    assert BannerChange.objects.filter(banner_id=banner.pk, action="delete").exists()


def test_the_list_costs_the_same_for_one_banner_and_for_many(console, make):
    make()
    cost = statements(console, HERE)
    for at in range(15):
        make(name=f"b{at}")
    assert statements(console, HERE) == cost


def test_the_list_can_be_sorted_and_had_as_a_file(console, make):
    make(name="b", priority=1)
    make(name="a", priority=2)
    page = console.get(f"{HERE}?sort=priority").text
    assert page.index(">b</a>") < page.index(">a</a>")
    lines = b"".join(console.get(f"{HERE}?format=csv").streaming_content).decode().splitlines()
    assert "Name" in lines[0]
    assert [line.split(",")[1] for line in lines[1:]] == ["a", "b"]
