"""Operators see where portal and gateway differ and what waits, and decide."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from litellm_sync.models import Finding, GatewayObject
from portal.sync.naming import names_of
from portal.sync.standing import subscriptions_in_sync
from tests.factories import TeamFactory, UserFactory
from tests.portal.conftest import issue, signed_in, subscribe
from tests.portal.test_every_page import MOST_STATEMENTS, statements

pytestmark = pytest.mark.django_db
HERE = "/operations/gateway"
LIST = f"{HERE}/differences"


@pytest.fixture
def console(operator):
    return signed_in(operator)


def finding(**parts):
    facts = {"kind": "user", "gateway_id": str(uuid4()), "verdict": "unknown"}
    return Finding.objects.create(**{**facts, "found_at": timezone.now(), **parts}, seen_at=timezone.now())


def wish(**parts):
    facts = {
        "kind": "user",
        "object_id": uuid4(),
        "dirty_since": timezone.now(),
        "not_before": timezone.now(),
    }
    return GatewayObject.objects.create(**{**facts, **parts})


def refused(**parts):
    return wish(parked_at=timezone.now(), attempts=1, last_error="no such budget", **parts)


def test_a_difference_is_listed_by_name_with_its_fields_and_shown_with_both_values(console, person):
    row = finding(
        verdict="different",
        object_id=person.pk,
        differences=[{"field": "max_budget", "portal": "5", "gateway": None}],
    )
    listed = console.get(LIST).text
    assert "uma" in listed
    assert "Budget" in listed
    assert "max_budget" not in listed
    shown = console.get(f"{HERE}/{row.pk}").text
    assert "Different in the gateway" in shown
    assert "Repair the gateway" in shown
    assert "Take over" in shown
    assert "Ignore until" not in shown


def test_chosen_differences_are_repaired_and_strangers_left_alone(console, person):
    ours, stranger = finding(verdict="missing", object_id=person.pk), finding()
    answer = console.post(f"{HERE}/repair", {"chosen": [ours.pk, stranger.pk]}, follow=True)
    assert "1 object is being repaired" in answer.text
    assert GatewayObject.objects.filter(object_id=person.pk, requested__gt=0).exists()
    assert "Being repaired" in answer.text
    assert "Choose at least one" in console.post(f"{HERE}/repair", {"chosen": ["x"]}, follow=True).text


def test_a_stranger_is_ignored_until_a_day_and_shown_again(console):
    row = finding(gateway_id="somebody")
    day = timezone.localdate() + timedelta(days=5)
    console.post(f"{HERE}/{row.pk}/ignore", {"until": day.isoformat()})
    assert "somebody" not in console.get(LIST).text
    assert "somebody" in console.get(f"{LIST}?state=ignored").text
    console.post(f"{HERE}/{row.pk}/ignore", {"stop": "yes"})
    assert "somebody" in console.get(LIST).text


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_day_that_makes_no_sense_is_said_at_its_field(console, days):
    row = finding()
    day = timezone.localdate() + timedelta(days=days)
    answer = console.post(f"{HERE}/{row.pk}/ignore", {"until": day.isoformat()})
    assert answer.status_code == 200
    assert "Choose a" in answer.text
    row.refresh_from_db()
    assert row.ignored_until is None


def test_what_can_not_be_taken_over_says_why(console, gateway_client):
    row = finding(gateway_id="somebody")
    gateway_client.create_user(user_id="somebody")
    answer = console.post(f"{HERE}/{row.pk}/adopt", follow=True)
    assert "Accounts come from signing in" in answer.text


def test_a_team_that_was_made_over_there_is_taken_in(console, gateway_client):
    pk = str(uuid4())
    gateway_client.create_team(team_id=pk, team_alias="Made over there")
    row = finding(kind="team", gateway_id=pk, label="Made over there")
    assert "Taken over: Made over there." in console.post(f"{HERE}/{row.pk}/adopt", follow=True).text


def test_portal_and_gateway_are_compared_now(console, gateway):
    assert "They have not been compared yet" in console.get(LIST).text
    assert "were compared." in console.post(f"{HERE}/compare", follow=True).text
    assert "found nothing that differs" in console.get(LIST).text


def test_the_queue_shows_progress_reasons_and_what_can_be_done(console, person):
    wish(kind="user", object_id=person.pk)
    refused(kind="key")
    page = console.get(f"{HERE}/queue").text
    for text in ("uma", "no such budget", "Refused for good", "Waiting by kind", "1 refused"):
        assert text in page
    part = console.get(f"{HERE}/queue/progress", headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert b"queue-progress" in part.content
    assert console.get(f"{HERE}/queue/progress").status_code == 302


def test_refused_changes_are_tried_again_or_given_up(console):
    first, second, waiting = refused(), refused(), wish()
    chosen = [first.pk, waiting.pk]
    assert (
        "1 change was given up"
        in console.post(f"{HERE}/queue/decide", {"chosen": chosen, "act": "drop"}, follow=True).text
    )
    answer = console.post(f"{HERE}/queue/decide", {"chosen": [second.pk], "act": "retry"}, follow=True)
    assert "1 change is tried again" in answer.text
    assert "Given up" in console.get(f"{HERE}/queue?state=dropped").text
    assert not GatewayObject.objects.parked().exists()
    nothing = console.post(f"{HERE}/queue/decide", {"chosen": [waiting.pk], "act": "drop"}, follow=True)
    assert "Nothing among" in nothing.text


def test_filters_find_each_state_and_wrong_values_are_ignored(console, person):
    wish(object_id=person.pk)
    for state, count in {"waiting": 1, "retrying": 0, "refused": 0, "dropped": 0, "nonsense": 1}.items():
        assert ("uma" in console.get(f"{HERE}/queue?state={state}&kind=user").text) == bool(count), state
    finding(gateway_id="somebody")
    assert "somebody" in console.get(f"{LIST}?verdict=unknown&kind=user").text
    assert "somebody" not in console.get(f"{LIST}?verdict=missing").text
    assert "somebody" not in console.get(f"{LIST}?state=settled").text


def test_readers_see_everything_and_decide_nothing(person):
    auditor = signed_in(UserFactory(is_auditor=True))
    row = finding(verdict="missing", object_id=person.pk)
    refused()
    for page in (LIST, f"{HERE}/{row.pk}", f"{HERE}/queue"):
        text = auditor.get(page).text
        for offer in ("Repair", "Try chosen", "Give up chosen", "Compare now", "Take over"):
            assert offer not in text.replace("Being repaired", ""), (page, offer)
    assert auditor.post(f"{HERE}/queue/decide", {"chosen": [1]}).status_code == 403
    assert auditor.post(f"{HERE}/{row.pk}/ignore", {"until": "2099-01-01"}).status_code == 403


@pytest.mark.parametrize("page", ["/differences", "/queue"])
def test_the_lists_cost_the_same_for_one_row_and_for_fifty(page, console):
    def add(count):
        for user in UserFactory.create_batch(count):
            finding(verdict="missing", object_id=user.pk)
            wish(object_id=user.pk)

    add(1)
    few = statements(console, f"{HERE}{page}?page_size=100")
    add(49)
    assert statements(console, f"{HERE}{page}?page_size=100") == few <= MOST_STATEMENTS


def test_everything_has_a_name_that_people_know(person):
    subscribe(person, "lab/a")
    key, team = issue(person, "my key", "lab/a"), TeamFactory(name="Lab")
    place = team.members.create(user=person, role="member", joined_at=timezone.now())
    gone = uuid4()
    names = names_of(
        [
            ("user", person.pk),
            ("team", team.pk),
            ("member", place.pk),
            ("key", key.pk),
            ("model", gone),
            ("user", None),
        ]
    )
    assert list(names.values()) == ["uma", "Lab", "uma – Lab", "my key"]


def test_only_what_was_chosen_is_compared(console, gateway):
    asked = console.get(f"{HERE}/compare").text
    assert "Teams and their members" in asked
    console.post(f"{HERE}/compare", {"asked": "yes", "what": ["users", "subscriptions"], "force": "on"})
    event = AuditEvent.objects.get(action="GATEWAY_SYNC")
    assert (event.metadata["kinds"], event.metadata["force"]) == (["user", "key"], True)
    nothing = console.post(f"{HERE}/compare", {"asked": "yes"})
    assert "Choose at least one." in nothing.text
    assert AuditEvent.objects.filter(action="GATEWAY_SYNC").count() == 1


def test_subscriptions_are_counted_by_the_keys_that_carry_them(console, person):
    for name in ("carried", "waits"):
        subscribe(person, name)
    issue(person, "told", "carried")
    issue(person, "new", "waits", applied=False)
    assert subscriptions_in_sync() == (1, 1)
    finding(kind="key", verdict="different", object_id=person.api_keys.get(name="told").pk)
    assert subscriptions_in_sync() == (0, 2)
    assert "Subscription" in console.get("/operations/settings/sync").text


@pytest.mark.parametrize("path", [LIST, f"{HERE}/queue"])
def test_the_lists_sort_choose_columns_and_are_had_as_a_file(console, person, path):
    finding(
        verdict="different",
        object_id=person.pk,
        differences=[{"field": "max_budget", "portal": 1, "gateway": 2}],
    )
    refused(object_id=person.pk)
    told = console.get(f"{path}?format=csv").getvalue().decode()
    assert "uma" in told
    assert "aria-sort" in console.get(f"{path}?sort=-kind").text
    assert "uma" in console.get(f"{path}?columns=object").text
