"""What was typed comes back after the session's end, without script."""

import re
from base64 import b64decode

import pytest
from django.test import Client

from litemaas import crypto
from litemaas.web.filling import filled
from teams.models import Team
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE, NOTE = "/teams/new", "</span>What you had typed was put back"


@pytest.fixture
def ada():
    return UserFactory(username="ada", is_operator=True)


def mark_of(person, page=PAGE):
    """What a form of this person's page carries."""
    browser = Client()
    browser.force_login(person)
    return re.search(r'name="typed_by" value="([^"]+)"', browser.get(page).text)[1]


def sent_too_late(person, page=PAGE, **typed):
    """A browser whose session has ended, right after it sent a form of the person's page."""
    browser = Client()
    answer = browser.post(
        page, {"typed_by": mark_of(person, page)} | typed, headers={"referer": f"http://testserver{page}"}
    )
    assert answer["Location"].startswith("/login/?next=")
    return browser


def test_it_stands_in_the_form_again_and_only_once(ada):
    browser = sent_too_late(ada, name='Ada\'s "team"', description="<b>\n two lines")
    browser.force_login(ada)
    page = browser.get(PAGE).text
    assert NOTE in page
    assert 'value="Ada&#x27;s &quot;team&quot;"' in page
    assert ">\n&lt;b&gt;\n two lines</textarea>" in page
    assert NOTE not in browser.get(PAGE).text


def test_nothing_is_done_by_itself(ada):
    before = Team.objects.count()
    browser = sent_too_late(ada, name="Physics")
    browser.force_login(ada)
    browser.get(PAGE)
    assert Team.objects.count() == before


def test_somebody_else_at_the_same_browser_never_sees_it(ada):
    browser = sent_too_late(ada, name="Of Ada")
    browser.force_login(UserFactory(is_operator=True))
    assert "Of Ada" not in browser.get(PAGE).text
    browser.force_login(ada)
    assert "Of Ada" not in browser.get(PAGE).text


def test_it_is_sealed_where_it_waits(ada):
    browser = sent_too_late(ada, name="Of Ada")
    assert "Of Ada" not in str(dict(browser.session.items()))


def test_a_form_that_does_not_say_whose_it_is_leaves_nothing(ada):
    browser = Client()
    for mark in ("", "forged", mark_of(ada)[:-2] + "xx"):
        browser.post(PAGE, {"typed_by": mark, "name": "x"}, headers={"referer": f"http://testserver{PAGE}"})
        assert not browser.cookies.get("sessionid")


def test_too_much_is_not_kept(ada):
    assert not sent_too_late(ada, name="x" * 70_000).cookies.get("sessionid")


def test_after_an_hour_it_is_forgotten(ada):
    browser = sent_too_late(ada, name="Physics")
    browser.force_login(ada)
    session = browser.session
    session["typed"] |= {"at": session["typed"]["at"] - 3601}
    session.save()
    assert "Physics" not in browser.get(PAGE).text


def test_a_secret_is_never_kept(ada):
    page = "/operations/models/new"
    browser = sent_too_late(ada, page, model_name="my-model", api_key="sk-very-secret", description="Text")
    sealed = browser.session["typed"]["sealed"]
    text = crypto.open_sealed(b64decode(sealed), bound_to=f"typed:{ada.pk}")
    assert "my-model" in text
    assert "sk-very-secret" not in text


FORM = """<form method="post" action="/other"><input name="a" value="untouched"></form>
<form class="x" method="post"><input type="hidden" name="a" value="hidden"><input name="a">
<input type="password" name="p"><input type="checkbox" name="c" value="1" checked>
<input type="checkbox" name="c" value="2">
<select name="s"><option value="x" selected>X</option><option value="y">Y</option></select>
<textarea name="t">old</textarea></form><form method="post"><input name="a" value="later"></form>"""


def test_each_kind_of_field_is_filled_in_as_a_person_would():
    page = filled(
        FORM,
        "/here?x=1",
        "/here?x=1",
        {"a": ["1"], "c": ["2"], "s": ["y"], "t": ["<new>"], "p": ["no"]},
        "NOTE",
    )
    assert page == (
        """<form method="post" action="/other"><input name="a" value="untouched"></form>
<form class="x" method="post">NOTE<input type="hidden" name="a" value="hidden"><input name="a" value="1">
<input type="password" name="p"><input type="checkbox" name="c" value="1">
<input type="checkbox" name="c" value="2" checked>
<select name="s"><option value="x">X</option><option value="y" selected>Y</option></select>
<textarea name="t">\n&lt;new&gt;</textarea></form><form method="post"><input name="a" value="later"></form>"""
    )


def test_a_page_without_the_form_stays_as_it_is():
    assert filled(FORM, "/here", "/elsewhere", {"a": ["1"]}, "NOTE") is None
