"""The tabs of one's own settings that need several apps: limits, notifications, data."""

import json

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from portal.models import SavedConversation
from portal.playground import saving
from tests.factories import TeamFactory, UserFactory
from tests.portal.conftest import issue, many_rows, signed_in
from usage.models import AlertThresholds

pytestmark = pytest.mark.django_db


def save_conversation(user, name="Talk"):
    values = {"name": name, "messages": [{"role": "user", "content": "Hello"}]}
    return saving.save_conversation(actor=user, values=values, now=timezone.now())


def test_the_limits_say_what_holds_for_keys_without_a_team(person, browser):
    person.rpm_limit = 42
    person.save()
    page = browser.get("/settings/limits").content.decode()
    assert "Keys without a team" in page
    assert "42" in page


def test_what_one_is_told_is_chosen_per_kind_and_place(person, browser):
    sent = {"invitation:mail": "on", "key_changed:portal": "on", "thresholds": "50, 80, 100"}
    assert browser.post("/settings/notifications", sent)["Location"] == "/settings/notifications"
    person.refresh_from_db()
    chosen = person.preferences["notifications"]
    assert chosen["invitation"] == {"portal": False, "mail": True}
    assert chosen["key_changed"] == {"portal": True, "mail": False}
    assert chosen["budget_threshold"] == {"portal": False, "mail": False}
    # An operator's kind is none of theirs.
    assert "sync_problem" not in chosen
    assert not AlertThresholds.objects.exists()


def test_thresholds_of_ones_own_budget_are_set_and_given_up(person, browser):
    browser.post("/settings/notifications", {"thresholds": "90%; 40"})
    assert AlertThresholds.objects.get().percents == [40, 90]
    assert "40, 90" in browser.get("/settings/notifications").content.decode()
    browser.post("/settings/notifications", {"thresholds": ""})
    assert not AlertThresholds.objects.exists()


@pytest.mark.parametrize(
    ("typed", "text"), [("high", "Give whole numbers"), ("0, 5000", "Give 1 to 10 whole numbers")]
)
def test_a_wrong_threshold_is_refused_and_the_ticks_stay(person, browser, typed, text):
    page = browser.post(
        "/settings/notifications", {"thresholds": typed, "job_finished:mail": "on"}
    ).content.decode()
    assert text in page
    assert 'id="tick-job_finished:mail" aria-label="Long tasks that ended: By mail" checked' in page
    assert User.objects.get(pk=person.pk).preferences == {}


def test_the_export_holds_ones_own_and_no_secret(person, browser):
    other = UserFactory()
    many_rows(person, 2)
    many_rows(other, 1)
    key = issue(person, "mine", f"{person.username}/many-000")
    TeamFactory(created_by=person)
    save_conversation(person)
    save_conversation(other, name="Of somebody else")
    answer = browser.post("/settings/data/export")
    raw = b"".join(answer.streaming_content)
    found = json.loads(raw)
    assert answer["Content-Disposition"].startswith('attachment; filename="litemaas-')
    assert found["account"]["username"] == person.username
    assert len(found["subscriptions"]) == 2
    assert len(found["apiKeys"]) == 3
    assert [talk["name"] for talk in found["conversations"]] == ["Talk"]
    assert b"sk-" + b"" not in raw.replace(key.secret_prefix.encode(), b"").replace(b"sk-abcde", b"")
    assert AuditEvent.objects.filter(action="USER_DATA_EXPORT", actor_id=person.pk).exists()


def test_conversations_are_deleted_after_a_question(person, browser):
    save_conversation(person)
    kept = save_conversation(UserFactory())
    assert "1 conversation is kept." in browser.get("/settings/data").content.decode()
    assert (
        "1 conversation is deleted for good"
        in browser.get("/settings/data/clear-conversations").content.decode()
    )
    assert browser.post("/settings/data/clear-conversations")["Location"] == "/settings/data"
    assert list(SavedConversation.objects.all()) == [kept]
    assert "No conversation is kept." in browser.get("/settings/data").content.decode()


def test_read_only_administrators_look_after_their_own_settings_too():
    client = signed_in(UserFactory(is_auditor=True))
    assert client.post("/settings/notifications", {"thresholds": ""}).status_code == 302


def test_operators_see_how_many_requests_wait_and_whether_the_gateway_answers(operator):
    many_rows(UserFactory(), 1)
    page = signed_in(operator).get("/home").content.decode()
    assert "lm-health" in page
    assert "lm-health" not in signed_in(UserFactory()).get("/home").content.decode()
