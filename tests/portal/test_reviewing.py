"""Reviewing requests one by one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from subscriptions.models import Subscription
from tests.factories import UserFactory
from tests.portal.conftest import signed_in, subscribe
from tests.portal.test_every_page import statements

PAGE = "/operations/subscriptions/review"


@pytest.fixture
def desk(operator):
    return signed_in(operator)


@pytest.fixture
def waiting(person):
    """Three requests of `person`, the oldest first."""
    now = timezone.now()
    rows = [subscribe(person, f"lab/{n}") for n in range(3)]
    for n, row in enumerate(rows):
        at = now - timedelta(days=3 - n)
        Subscription.objects.filter(pk=row.pk).update(
            status="pending", status_changed_at=at, status_reason=f"Reason {n}."
        )
    return rows


def test_the_oldest_comes_first_and_the_next_follows(desk, waiting):
    first = desk.get(PAGE)
    assert first.context["row"].pk == waiting[0].pk
    assert "Reason 0." in first.content.decode()
    second = desk.get(first.context["following"])
    assert second.context["row"].pk == waiting[1].pk
    third = desk.get(second.context["following"])
    assert desk.get(third.context["following"]).context["row"].pk == waiting[0].pk


def test_a_decision_goes_on_with_the_next_one(desk, waiting):
    posted = {"subscription": waiting[1].pk, "verdict": "approve"}
    answer = desk.post(PAGE, posted, follow=True)
    assert answer.context["row"].pk == waiting[2].pk
    assert "Uma User may use lab/1." in answer.content.decode()
    denied = {"subscription": waiting[2].pk, "verdict": "deny", "reason": "Too costly."}
    assert desk.post(PAGE, denied, follow=True).context["row"].pk == waiting[0].pk
    seen = desk.get(PAGE).content.decode()
    assert "Too costly." in seen  # among the earlier decisions about this person
    statuses = dict(Subscription.objects.values_list("model_id", "status"))
    assert statuses == {"lab/0": "pending", "lab/1": "active", "lab/2": "denied"}


def test_denying_needs_a_reason(desk, waiting):
    answer = desk.post(PAGE, {"subscription": waiting[0].pk, "verdict": "deny", "reason": " "})
    assert answer.context["form"].errors["reason"]
    assert answer.context["row"].pk == waiting[0].pk
    assert not Subscription.objects.filter(status="denied").exists()


def test_the_last_one_ends_with_nothing_left(desk, waiting):
    for row in waiting:
        answer = desk.post(PAGE, {"subscription": row.pk, "verdict": "approve"}, follow=True)
    assert "Nothing waits for a decision" in answer.content.decode()


def test_somebody_who_was_faster_is_told_of(desk, waiting):
    Subscription.objects.filter(pk=waiting[0].pk).update(status="active", status_reason="")
    answer = desk.post(PAGE, {"subscription": waiting[0].pk, "verdict": "deny", "reason": "No."}, follow=True)
    assert "Somebody was faster" in answer.content.decode()
    assert answer.context["row"].pk == waiting[1].pk
    assert desk.get(f"{PAGE}?at=nonsense", follow=True).status_code == 200


def test_only_operators_review(browser, waiting):
    assert browser.get(PAGE).status_code == 403


def test_the_page_costs_the_same_however_many_wait(desk, waiting, person):
    few = statements(desk, PAGE)
    for n in range(20):
        subscribe(person, f"lab/more-{n}")
    Subscription.objects.update(status="pending")
    assert statements(desk, PAGE) == few <= 15


def test_read_only_administrators_leaf_through_and_decide_nothing(waiting):
    auditor = signed_in(UserFactory.create(is_auditor=True))
    first = auditor.get(PAGE)
    assert first.context["row"].pk == waiting[0].pk
    html = first.content.decode()
    assert html.count("Only administrators can change this.") == 2
    assert 'data-page-key="n"' in html
    assert 'data-page-key="a"' not in html
    assert 'name="verdict"' not in html
    assert auditor.get(first.context["following"]).context["row"].pk == waiting[1].pk
    posted = {"subscription": waiting[0].pk, "verdict": "approve"}
    assert auditor.post(PAGE, posted).status_code == 403
