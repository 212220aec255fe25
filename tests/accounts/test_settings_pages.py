"""One's own settings: profile, preferences, activity, and what they do to the pages."""

from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.web.pages import zone_of
from accounts.web.settings_forms import ProfileForm
from litemaas.web.conflicts import version_of
from teams.models import Member
from tests.factories import SubscriptionFactory, TeamFactory, UserFactory
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
CHOSEN = {
    "theme": "dark",
    "language": "de",
    "time_zone": "Asia/Tokyo",
    "density": "compact",
    "start_page": "models",
    "reduced_motion": "on",
    "temperature": "0.3",
    "max_tokens": "2048",
    "system": "Be brief.",
}


@pytest.fixture
def reader():
    return UserFactory(full_name="Ada")


def test_the_profile_names_the_teams(reader):
    team = TeamFactory(name="Language lab")
    Member.objects.create(team=team, user=reader, role="member", joined_at=timezone.now())
    assert f'href="/teams/{team.pk}"' in signed_in(reader).get("/settings").text


def test_the_full_name_is_changed_and_recorded(reader):
    client = signed_in(reader)
    assert client.post("/settings", {"full_name": " Ada Lovelace "})["Location"] == "/settings"
    reader.refresh_from_db()
    assert reader.full_name == "Ada Lovelace"


def test_two_windows_with_the_same_form_show_both_versions(reader):
    client = signed_in(reader)
    seen = version_of(ProfileForm(initial={"full_name": "Ada"}))
    assert seen in client.get("/settings").content.decode()
    client.post("/settings", {"full_name": "First", "version": seen})
    page = client.post("/settings", {"full_name": "Second", "version": seen}).content.decode()
    assert "Somebody changed this meanwhile" in page
    assert "First" in page
    assert 'value="Second"' in page
    reader.refresh_from_db()
    assert reader.full_name == "First"
    # The page that came back carries the version that is stored now: sending it again is a decision.
    again = version_of(ProfileForm(initial={"full_name": "First"}))
    assert again in page
    client.post("/settings", {"full_name": "Second", "version": again})
    reader.refresh_from_db()
    assert reader.full_name == "Second"


def test_a_second_click_that_says_the_same_is_no_conflict(reader):
    client = signed_in(reader)
    seen = version_of(ProfileForm(initial={"full_name": "Ada"}))
    for _ in range(2):
        answer = client.post("/settings", {"full_name": "Grace", "version": seen})
        assert answer.status_code == 302


def test_preferences_take_effect_at_once(reader):
    client = signed_in(reader)
    answer = client.post("/settings/preferences", CHOSEN)
    assert (answer.cookies["theme"].value, answer.cookies["django_language"].value) == ("dark", "de")
    page = client.get("/settings/preferences").content.decode()
    assert '<html lang="de"' in page
    for name in ("pf-v6-theme-dark", "lm-compact", "lm-calm"):
        assert name in page
    assert 'data-shortcuts="off"' in page
    reader.refresh_from_db()
    assert reader.preferences["playground"] == {"temperature": 0.3, "maxTokens": 2048, "system": "Be brief."}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"time_zone": "Mars/Base"}, "Select a valid choice"),
        ({"max_tokens": "0"}, "greater than or equal to 1"),
        ({"temperature": "9"}, "less than or equal to 2"),
        ({"start_page": "/evil"}, "Select a valid choice"),
    ],
)
def test_a_wrong_value_is_named_and_what_was_typed_stays(reader, wrong, text):
    values = CHOSEN | {"language": "en", "system": "Kept text"} | wrong
    page = signed_in(reader).post("/settings/preferences", values).content.decode()
    assert text in page
    assert "Kept text" in page
    assert User.objects.get(pk=reader.pk).preferences == {}


def test_times_are_shown_in_the_readers_zone(reader):
    reader.preferences = {"timeZone": "Asia/Tokyo"}
    reader.save()
    now = timezone.now()
    audit.record("PROFILE_UPDATE", actor=reader, obj=reader, at=now)
    page = signed_in(reader).get("/settings/activity").content.decode()
    assert now.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%d %H:%M:%S") in page


def test_a_zone_that_is_gone_is_the_portals():
    assert zone_of(User(preferences={"timeZone": "Atlantis/Capital"})) is None


def test_the_activity_is_ones_own_and_without_reads_of_programs(reader):
    now = timezone.now()
    audit.record("PROFILE_UPDATE", actor=reader, obj=reader, at=now)
    audit.record("API_ACCESS", actor=reader, resource=("API_ACCESS", "x"), at=now)
    audit.record("USER_CREATE", actor=UserFactory(), obj=reader, at=now)
    page = signed_in(reader).get("/settings/activity")
    assert page.context["page"].paginator.count == 1


def test_the_activity_calls_things_by_their_names_with_one_statement_for_each_kind(
    reader, django_assert_num_queries
):
    client = signed_in(reader)
    audit.record("PROFILE_UPDATE", actor=reader)
    client.get("/settings/activity")
    with CaptureQueriesContext(connection) as without:
        client.get("/settings/activity")
    team = TeamFactory(name="Language lab")
    subscriptions = [SubscriptionFactory(user=reader) for _ in range(3)]
    for thing in (reader, team, *subscriptions):
        audit.record("PROFILE_UPDATE", actor=reader, obj=thing)
    audit.record("API_KEY_CREATE", actor=reader, resource=("API_KEY", "no id at all"))
    with django_assert_num_queries(len(without) + 2):
        page = client.get("/settings/activity").content.decode()
    for name in ("Language lab", subscriptions[0].model_id):
        assert f">{name}</span>" in page
    assert str(team.pk) not in page
    assert "no id at all" not in page


def test_a_theme_from_the_menu_goes_into_the_profile(reader):
    signed_in(reader).post("/preferences/theme", {"theme": "light", "next": "/home"})
    reader.refresh_from_db()
    assert reader.preferences["theme"] == "light"


@pytest.mark.parametrize(
    ("wanted", "lands"), [("", "/usage"), ("/home", "/usage"), ("/models?search=x", "/models?search=x")]
)
def test_the_sign_in_leads_to_the_start_page_unless_one_was_on_the_way_to_another(wanted, lands):
    user = UserFactory(preferences={"startPage": "usage", "theme": "dark"})
    user.set_password("a long enough password")
    user.save()
    sent = {"login": user.username, "password": "a long enough password", "next": wanted}
    answer = Client().post("/login/", sent)
    assert answer["Location"] == lands
    assert answer.cookies["theme"].value == "dark"


def test_a_form_that_is_sent_after_the_session_ended_comes_back_to_its_page(reader):
    answer = Client(headers={"referer": "http://testserver/settings?x=1"}).post(
        "/settings", {"full_name": "x"}
    )
    assert answer["Location"] == "/login/?next=/settings%3Fx%3D1&session=expired"


def test_the_list_of_shortcuts_is_a_page_and_a_dialog(reader):
    client = signed_in(reader)
    assert "<html" in client.get("/shortcuts").content.decode()
    assert client.get("/shortcuts", headers={"HX-Request": "true"}).content.decode().startswith("<dialog")
