"""The frame: navigation, theme, error pages, the part that htmx gets, and where PatternFly's classes may stand."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.http import urlencode
from playwright.sync_api import expect

from accounts.models import User
from litemaas.web.errors import PAGES, error_page
from litemaas.web.navigation import Item, items_for
from tests.factories import UserFactory
from tests.web.conftest import words

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = "/-/components"


def test_the_current_item_holds_the_pages_below_it():
    models = Item("/models", "Models", "catalog")
    assert models.is_current("/models")
    assert models.is_current("/models/lab/one")
    assert not models.is_current("/models-of-others")
    own = Item("/settings", "Settings", "cog", also=("/account/",))
    assert own.is_current("/account/sessions")


@pytest.mark.urls("litemaas.web.urls")
def test_an_item_without_a_page_is_not_shown():
    assert items_for(is_operator=True) == {"user": [], "operator": []}


@pytest.mark.django_db
@pytest.mark.urls("tests.web.urls")
@pytest.mark.parametrize("is_auditor", [True, False])
def test_only_operators_see_the_administration(client, is_auditor):
    client.force_login(UserFactory(is_auditor=is_auditor))
    assert ('href="/admin/"' in client.get(COMPONENTS).content.decode()) is is_auditor


@pytest.mark.django_db
@pytest.mark.urls("tests.web.urls")
def test_htmx_gets_the_results_and_nothing_around_them(client):
    client.force_login(UserFactory())
    part = client.get(COMPONENTS, headers={"HX-Request": "true"}).content.decode()
    assert "Your API keys" in part
    assert "<html" not in part
    assert "Buttons and menus" not in part


@pytest.mark.django_db
def test_pages_travel_compressed_and_answers_of_the_api_as_they_are(client):
    client.force_login(UserFactory(username="zoe"))
    page = client.get("/models", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(page.content)
    assert "Content-Encoding" not in client.get("/models")
    assert "Content-Encoding" not in client.get("/api/v1/models", headers={"accept-encoding": "gzip"})


@pytest.mark.django_db
@pytest.mark.urls("tests.web.urls")
def test_the_title_is_said_once_and_shown_twice(client):
    client.force_login(UserFactory())
    page = client.get(COMPONENTS).content.decode()
    assert "<title>Components · LiteMaaS</title>" in page
    assert re.search(r"<h1[^>]*>Components</h1>", page)
    assert '<html lang="en"' in page


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_a_theme_is_remembered_for_a_year(client, theme):
    answer = client.post(reverse("set_theme"), {"theme": theme, "next": "/models?q=x"})
    assert answer.status_code == 302
    assert answer["Location"] == "/models?q=x"
    cookie = answer.cookies["theme"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == (theme, True, "Lax")
    assert cookie["max-age"] == 365 * 24 * 60 * 60


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_theme_never_leads_to_another_site(client, address):
    answer = client.post(reverse("set_theme"), {"theme": "dark", "next": address})
    assert answer["Location"] == reverse("home")


def test_a_theme_that_does_not_exist_is_refused(client):
    assert client.post(reverse("set_theme"), {"theme": "pink"}).status_code == 400
    assert client.get(reverse("set_theme")).status_code == 405


@pytest.mark.django_db
def test_a_language_is_chosen_where_one_is_and_goes_along_to_other_browsers(client):
    reader = UserFactory()
    client.force_login(reader)
    answer = client.post(reverse("set_language"), {"language": "de", "next": "/models?q=x"})
    assert answer["Location"] == "/models?q=x"
    assert answer.cookies["django_language"].value == "de"
    assert '<html lang="de"' in client.get("/models").content.decode()
    assert User.objects.get(pk=reader.pk).preferences["language"] == "de"


@pytest.mark.django_db
def test_the_profile_brings_its_language_to_a_browser_at_the_sign_in(client):
    reader = UserFactory(preferences={"language": "fr"})
    reader.set_password("a-long-password-1")
    reader.save()
    answer = client.post(
        reverse("account_login"), {"login": reader.username, "password": "a-long-password-1"}
    )
    assert answer.cookies["django_language"].value == "fr"


def test_a_language_that_nobody_speaks_here_is_refused(client):
    assert client.post(reverse("set_language"), {"language": "tlh"}).status_code == 400


@pytest.mark.parametrize("status", sorted(PAGES))
def test_an_error_page_says_what_happened_and_leads_home(status):
    request = RequestFactory().get("/x")
    request.user = AnonymousUser()
    answer = error_page(request, status)
    text = words(answer.content.decode())
    assert answer.status_code == status
    assert "Go to the home page" in text
    assert text.count(".") >= 2


@pytest.mark.parametrize("status", [500, 503])
def test_pages_for_outages_ask_nobody(status, django_assert_num_queries, settings):
    """No `django_db` mark: a query would fail this test. The session is in the database, so nobody is looked up."""
    request = RequestFactory().get("/x")

    def never(*_args):
        raise AssertionError("the page asked who is signed in")

    request.user = type("Reader", (), {"is_authenticated": property(never)})()
    assert error_page(request, status).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["account_login", "account_reset_password"])
def test_allauths_pages_stand_in_our_frame(client, name):
    page = client.get(reverse(name) + "?" + urlencode({"session": "expired"})).content.decode()
    assert "pf-v6-c-login" in page
    assert len(re.findall("<h1", page)) == 1
    assert "Menu:" not in page


@pytest.mark.django_db
def test_the_second_factor_page_stands_in_the_full_frame(client, settings):
    client.force_login(UserFactory())
    page = client.get(reverse("mfa_index")).content.decode()
    assert 'id="sidebar"' in page
    assert len(re.findall("<h1", page)) == 1


@pytest.mark.django_db
def test_a_failed_sign_in_is_told_in_one_place(client):
    page = client.post(reverse("account_login"), {"login": "nobody", "password": "wrong"}).content.decode()
    assert "Sign-in failed" in page
    assert "data-error-summary" in page


def test_a_page_can_set_its_results_inside_an_element():
    """Django alone would not see a block that stands in a block tag."""
    source = (
        '{% extends "base.html" %}{% load pf %}{% block title %}T{% endblock %}{% block content %}'
        '{% section title="S" %}{% block results %}found{% endblock %}{% endsection %}{% endblock %}'
    )
    request = RequestFactory().get("/x")
    request.htmx = True  # type: ignore[attr-defined]
    html = engines["django"].from_string(source).render({}, request)
    assert words(html) == "T · LiteMaaS found"


# --- one place for PatternFly's classes, and only classes that exist -------------------------------------------------


def _sources() -> list[Path]:
    folders = (
        "templates",
        "accounts",
        "apikeys",
        "catalog",
        "litemaas",
        "portal",
        "subscriptions",
        "teams",
        "usage",
    )
    return [path for name in folders for kind in ("*.html", "*.py") for path in (ROOT / name).rglob(kind)]


def test_patternfly_classes_stand_in_element_templates_only():
    elements = ROOT / "templates" / "pf"
    outside = [path for path in _sources() if elements not in path.parents]
    assert [str(path) for path in outside if re.search(r"pf-(v6|m)-", path.read_text())] == []


def test_no_template_of_a_page_has_inline_style_or_script():
    # Mail readers know nothing but inline styles.
    mails = ROOT / "templates" / "mail"
    for path in (path for path in _sources() if path.suffix == ".html" and mails not in path.parents):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|<script(?![^>]*\ssrc=)", text), path


def _of_patternfly():
    """The classes and tokens that the build found used, and PatternFly has: the others are left out of its sheet."""
    return set(json.loads((ROOT / "frontend/patternfly.json").read_text()))


def test_every_class_of_the_elements_exists():
    used = {
        name
        for path in (ROOT / "templates" / "pf").glob("*.html")
        for name in re.findall(r"pf-(?:v6-[clu]|m)-[a-z0-9_-]*[a-z0-9](?![a-z0-9_{-])", path.read_text())
    }
    # Without a rule of its own: marks that PatternFly's markup has and its style sheet does not name.
    known_bare = {
        "pf-v6-c-code-block__actions-item",
        "pf-v6-c-tabs__item-icon",
        "pf-v6-c-empty-state__header",
        "pf-v6-c-empty-state__title",
    }
    assert sorted(used - known_bare - _of_patternfly()) == [], "a new one? `make assets` takes it in"


def test_own_styles_use_tokens_that_exist():
    own = "".join((ROOT / "static/css" / name).read_text() for name in ("litemaas.css", "playground.css"))
    assert sorted(set(re.findall(r"--pf-t--[a-z0-9-]+", own)) - _of_patternfly()) == []
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl", own), "colours come from tokens"


def test_a_mouse_signs_out(visit):
    page = visit().open("/home")
    page.locator("summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login"))


@pytest.mark.django_db
def test_who_did_something_too_often_is_told_how_long_to_wait():
    request = RequestFactory().get("/api-keys")
    request.user = AnonymousUser()
    response = error_page(request, 429, "Too many tries.", retry_after=30)
    page = response.content.decode()
    assert response["Retry-After"] == "30"
    assert 'data-wait="30"' in page
    assert "Too many tries." in page


@pytest.mark.django_db
def test_a_form_that_was_open_for_too_long_leads_back_to_its_page():
    client = Client(enforce_csrf_checks=True, headers={"referer": "http://testserver/settings?x=1"})
    client.force_login(UserFactory())
    page = client.post("/settings", {"full_name": "x"})
    assert page.status_code == 403
    assert 'href="/settings?x=1"' in page.content.decode()
