"""The notification centre: bell, drawer, page, and what people want to be told."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from notifications import kinds, services
from notifications.models import Notification
from tests.factories import UserFactory
from tests.portal.conftest import signed_in
from tests.web.conftest import words

pytestmark = pytest.mark.django_db
IN_DRAWER = {"HX-Request": "true", "HX-Target": "drawer-content"}


@pytest.fixture
def reader():
    return UserFactory()


def tell(user, *, kind="invitation", now=None, **parts):
    told = {"title": "Hello %(name)s", "parameters": {"name": "you"}, "now": now or timezone.now()}
    with transaction.atomic():
        services.notify(user_ids=[user.pk], kind=kind, **(told | parts))
    return Notification.objects.latest("created_at")


def test_the_bell_says_how_many_are_unread(reader):
    tell(reader)
    page = signed_in(reader).get("/home").content.decode()
    assert 'aria-label="Notifications, 1 unread"' in page


def test_the_bell_announces_what_is_new_and_nothing_else(reader):
    tell(reader)
    client = signed_in(reader)
    told = json.loads(client.get("/notifications/bell?known=0")["HX-Trigger"])
    assert told["announce"]["value"] == "1 new notification"
    assert "announce" not in json.loads(client.get("/notifications/bell?known=1")["HX-Trigger"])
    assert client.get("/notifications/bell?known=%E2%91%A0").status_code == 200


def test_the_drawer_is_narrowed_to_what_is_unread(reader):
    services.mark_read(
        actor=reader, notification_id=tell(reader, title="Old", parameters={}).pk, now=timezone.now()
    )
    tell(reader, title="New", parameters={})
    client = signed_in(reader)
    drawer = words(client.get("/notifications/drawer?show=unread", headers=IN_DRAWER).text)
    assert "New" in drawer
    assert "Old" not in drawer
    client.post("/notifications/read-all", {"show": "unread"}, headers=IN_DRAWER)
    assert "Nothing is unread" in words(client.get("/notifications/drawer?show=unread").text)


def test_a_message_on_the_first_page_is_read_by_following_it(reader):
    row = tell(reader, link="/teams")
    client = signed_in(reader)
    assert f'href="/teams" data-read="/notifications/{row.pk}/read"' in client.get("/home").text
    services.mark_read(actor=reader, notification_id=row.pk, now=timezone.now())
    assert 'data-read="' not in client.get("/home").text


def test_the_bell_tells_when_the_session_ends_and_staying_begins_it_anew(reader):
    client = signed_in(reader)
    session = client.session
    session.set_expiry(timedelta(seconds=200))
    session.save()

    def left():
        return json.loads(client.get("/notifications/bell")["HX-Trigger"])["sessionEnds"]["value"]

    assert 190 <= left() <= 200
    session.set_expiry(None)
    session.save()
    assert client.post("/account/stay", headers={"HX-Request": "true"}).status_code == 204
    assert left() > 80_000


def test_the_page_lists_them_newest_first_and_can_leave_out_what_was_read(reader):
    now = timezone.now()
    old = tell(reader, title="Older", now=now - timedelta(hours=2))
    tell(reader, title="Newer", body="With a text", link="/teams", now=now)
    services.mark_read(actor=reader, notification_id=old.pk, now=now)
    client = signed_in(reader)
    page = client.get("/notifications").content.decode()
    assert page.index("Newer") < page.index("Older")
    assert 'href="/teams"' in page
    assert "Invitations to a team" in page
    assert "Older" not in client.get("/notifications?show=unread").content.decode()


def test_without_any_the_page_and_the_drawer_say_so(reader):
    client = signed_in(reader)
    for address in ("/notifications", "/notifications/drawer"):
        assert "No notifications" in client.get(address).content.decode()


def test_in_the_drawer_acts_answer_with_the_list_as_it_is_now(reader):
    first, second = tell(reader, title="First"), tell(reader, title="Second")
    client = signed_in(reader)
    answer = client.post(f"/notifications/{first.pk}/read", headers=IN_DRAWER).content.decode()
    assert 'aria-label="Notifications, 1 unread"' in answer
    assert 'hx-swap-oob="true"' in answer
    gone = client.post(f"/notifications/{second.pk}/remove", headers=IN_DRAWER)
    assert "Second" not in gone.content.decode()
    assert client.post("/notifications/read-all", headers=IN_DRAWER).status_code == 200
    assert "First" not in client.post("/notifications/clear-read", headers=IN_DRAWER).content.decode()
    assert not Notification.objects.exists()


def test_without_script_acts_come_back_to_the_page_as_it_was_filtered(reader):
    row = tell(reader)
    client = signed_in(reader)
    answer = client.post(f"/notifications/{row.pk}/read", {"show": "unread"})
    assert answer["Location"] == "/notifications?show=unread"
    # A second click changes nothing.
    assert client.post(f"/notifications/{row.pk}/read").status_code == 302


def test_nobody_touches_those_of_others(reader):
    row = tell(UserFactory())
    client = signed_in(reader)
    assert client.post(f"/notifications/{row.pk}/read", headers=IN_DRAWER).status_code == 404
    services.clear_read(actor=reader)
    assert Notification.objects.filter(pk=row.pk, read_at=None).exists()


def test_messages_of_pages_can_be_read_again_and_are_not_unread(reader):
    client = signed_in(reader)
    client.post("/settings", {"full_name": "Ada"}, follow=True)
    kept = Notification.objects.get()
    assert (kept.kind, kept.title_text, kept.variant) == ("message", "Your profile is saved.", "success")
    assert kept.read_at is not None
    services.forget_old(now=timezone.now() + services.MESSAGES_KEPT + timedelta(hours=1))
    assert not Notification.objects.exists()


def test_who_does_not_want_a_kind_is_not_told_in_the_portal(reader):
    preferences = {"notifications": {"invitation": {"portal": False, "mail": True}}}
    User.objects.filter(pk=reader.pk).update(preferences=preferences)
    with transaction.atomic():
        services.notify(user_ids=[reader.pk], kind="invitation", title="Hello", now=timezone.now())
        services.notify(user_ids=[reader.pk], kind="job_finished", title="Done", now=timezone.now())
    assert list(Notification.objects.values_list("kind", flat=True)) == ["job_finished"]


@pytest.mark.parametrize(
    ("preferences", "channel", "expected"),
    [
        ({}, "portal", True),
        ({}, "mail", True),
        ({"notifications": {"budgetMail": False}}, "mail", False),
        ({"notifications": {"budget_threshold": {"mail": False}}}, "mail", False),
        ({"notifications": {"budget_threshold": {"mail": False}}}, "portal", True),
        ({"notifications": "nonsense"}, "mail", True),
        ({"notifications": {"budget_threshold": "nonsense"}}, "mail", True),
    ],
)
def test_what_was_chosen_holds_else_the_kinds_own_default(preferences, channel, expected):
    assert kinds.wants(preferences, "budget_threshold", channel) is expected


def test_a_code_of_no_kind_is_told_in_the_portal_only():
    assert kinds.wants({}, "something_new", "portal")
    assert not kinds.wants({}, "something_new", "mail")


def test_people_choose_only_among_what_concerns_them(reader):
    operators = {kind.name for kind in kinds.kinds_for(UserFactory(is_auditor=True))}
    assert "sync_problem" in operators
    assert "subscription_requested" not in operators
    assert "sync_problem" not in {kind.name for kind in kinds.kinds_for(reader)}


def test_a_long_message_is_kept_whole(reader):
    services.keep_messages(user_id=reader.pk, messages=[("info", "x" * 300)], now=timezone.now())
    kept = Notification.objects.get()
    assert len(kept.title) == 255
    assert kept.body == "x" * 300


def test_the_number_of_rows_does_not_change_the_number_of_statements(reader, django_assert_max_num_queries):
    for _ in range(30):
        tell(reader)
    client = signed_in(reader)
    client.get("/notifications")
    with django_assert_max_num_queries(7):
        assert "30" in words(client.get("/notifications").content.decode())
