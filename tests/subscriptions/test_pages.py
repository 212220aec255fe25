"""The pages of a subscription and of those who decide, without script."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from subscriptions import quota_rules
from subscriptions.models import Subscription
from subscriptions.services import QuotaUse, record_quota_use, suspend_for_quota
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    return SubscriptionFactory.create(quota_requests=100)


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


def page(client, name, *parts, **query):
    return client.get(reverse(name, args=parts), query)


def test_a_subscription_shows_its_quota_and_its_history(client, row):
    client.force_login(row.user)
    now = timezone.now()
    window = quota_rules.window_start(now)
    record_quota_use([QuotaUse(row.user_id, row.model_id, 100, 7)], window_start=window, as_of=now)
    suspend_for_quota(window_start=window, now=now)
    text = page(client, "subscription", row.pk).text
    assert "The quota is used up" in text
    assert "The portal" in text
    assert reverse("resume_subscription", args=[row.pk]) not in text


def test_somebody_elses_subscription_is_not_there_but_for_operators(client, row, operator):
    client.force_login(UserFactory.create())
    assert page(client, "subscription", row.pk).status_code == 404
    client.force_login(operator)
    assert row.user.email in page(client, "subscription", row.pk).text


def test_suspending_resuming_and_changing_the_quota(client, row):
    client.force_login(row.user)
    client.post(reverse("suspend_subscription", args=[row.pk]), {"reason": "Holiday."})
    row.refresh_from_db()
    assert (row.status, row.status_reason) == ("suspended", "Holiday.")
    assert "Resume the subscription" in page(client, "resume_subscription", row.pk).text
    client.post(reverse("resume_subscription", args=[row.pk]))
    client.post(reverse("change_quotas", args=[row.pk]), {"quota_requests": "7", "quota_tokens": "1,000"})
    row.refresh_from_db()
    assert (row.status, row.quota_requests, row.quota_tokens) == ("active", 7, 1000)
    refused = client.post(
        reverse("change_quotas", args=[row.pk]), {"quota_requests": "99999", "quota_tokens": "1"}
    )
    assert "Ask an administrator for more" in refused.text


def test_what_an_administrator_suspended_says_so_when_one_tries(client, row, operator):
    client.force_login(operator)
    client.post(reverse("suspend_subscription", args=[row.pk]), {"reason": "Abuse."})
    client.force_login(row.user)
    assert "Only an administrator" in client.post(reverse("resume_subscription", args=[row.pk])).text


def test_requests_are_listed_chosen_and_decided(client, operator):
    waiting = SubscriptionFactory.create_batch(3, status="pending", model__restricted_access=True)
    client.force_login(operator)
    listed = page(client, "subscription_requests").text
    assert all(str(row.pk) in listed for row in waiting)
    chosen = [str(row.pk) for row in waiting[:2]]
    asked = page(client, "decide_subscriptions", chosen=chosen, verdict="deny").text
    assert waiting[0].user.display_name in asked
    missing = client.post(reverse("decide_subscriptions"), {"chosen": chosen, "verdict": "deny"})
    assert missing.status_code == 200
    assert Subscription.objects.filter(status="denied").count() == 0
    client.post(reverse("decide_subscriptions"), {"chosen": chosen, "verdict": "deny", "reason": "No."})
    assert Subscription.objects.filter(status="denied", status_reason="No.").count() == 2
    again = client.post(
        reverse("decide_subscriptions"),
        {"chosen": [*chosen, str(waiting[2].pk)], "verdict": "approve"},
        follow=True,
    )
    assert "Somebody was faster: this request does not wait any more." in again.text
    assert Subscription.objects.get(pk=waiting[2].pk).status == "active"
    assert "Nothing waits for a decision" in page(client, "subscription_requests").text


def test_a_decision_is_taken_back_and_a_subscription_deleted(client, row, operator):
    client.force_login(operator)
    address = reverse("revert_subscription", args=[row.pk])
    assert "Keys lose the model" in client.get(address, {"to": "denied"}).text
    client.post(address, {"to": "denied", "reason": "Abuse."})
    row.refresh_from_db()
    assert row.status == "denied"
    assert client.post(address, {"to": "expired"}).status_code == 302
    client.post(reverse("delete_subscription", args=[row.pk]), {"reason": "Gone."})
    assert page(client, "subscription", row.pk).status_code == 404


@pytest.mark.parametrize("name", ["subscription_requests", "decide_subscriptions"])
def test_those_pages_are_for_operators(client, row, name):
    client.force_login(row.user)
    assert page(client, name).status_code == 403


def test_read_only_administrators_see_everything_and_decide_nothing(client):
    row = SubscriptionFactory.create(status="pending")
    client.force_login(UserFactory.create(is_auditor=True))
    listed = page(client, "subscription_requests").text
    assert str(row.pk) in listed
    assert "Approve chosen" in listed
    assert 'name="verdict"' not in listed
    assert 'name="chosen"' not in listed
    assert client.post(reverse("decide_subscriptions"), {"chosen": [str(row.pk)]}).status_code == 403


def test_the_list_costs_the_same_statements_however_long(client, operator, django_assert_max_num_queries):
    client.force_login(operator)
    SubscriptionFactory.create_batch(20, status="pending")
    page(client, "subscription_requests")
    with django_assert_max_num_queries(12):
        page(client, "subscription_requests")


# --- deciding many ---


def test_before_a_decision_it_is_said_what_it_touches_and_what_is_left_out(client, operator):
    user = UserFactory.create()
    waiting = SubscriptionFactory.create_batch(2, user=user, status="pending")
    active = SubscriptionFactory.create(user=user)
    client.force_login(operator)
    chosen = [str(row.pk) for row in [*waiting, active]]
    answer = page(client, "decide_subscriptions", chosen=chosen, verdict="approve")
    outlook = answer.context["outlook"]
    assert (outlook.requests, outlook.users, outlook.keys) == (2, 1, 0)
    assert list(outlook.refused) == [active.pk]
    assert "1 will be left out" in answer.text
    assert Subscription.objects.filter(status="pending").count() == 2


def test_what_failed_is_listed_with_its_cause_and_can_be_tried_again(client, operator):
    waiting = SubscriptionFactory.create_batch(2, status="pending")
    client.force_login(operator)
    chosen = [str(row.pk) for row in waiting]
    Subscription.objects.filter(pk=waiting[0].pk).update(expires_at=timezone.now() - timedelta(days=1))
    posted = {"chosen": chosen, "verdict": "approve"}
    answer = client.post(reverse("decide_subscriptions"), posted, follow=True)
    assert answer.redirect_chain == [(reverse("decided_subscriptions"), 302)]
    assert [row.pk for row in answer.context["done"]] == [waiting[1].pk]
    assert [row.pk for row in answer.context["again"]] == [waiting[0].pk]
    assert "Its time ran out" in answer.text
    assert "Try 1 again" in answer.text
    # The address can be loaded again, and says the same.
    assert "Its time ran out" in page(client, "decided_subscriptions").text


def test_the_result_of_nothing_is_the_list(client, operator):
    client.force_login(operator)
    assert page(client, "decided_subscriptions").url == reverse("subscription_requests")


# --- the list ---


def test_where_nothing_waits_all_are_shown_and_it_is_said(client, operator, row):
    client.force_login(operator)
    listed = page(client, "subscription_requests")
    assert [one.pk for one in listed.context["page"]] == [row.pk]
    assert "So you see all subscriptions" in listed.text
    asked = page(client, "subscription_requests", status="pending")
    assert "Nothing waits for a decision" in asked.text
    assert not asked.context["page"].object_list


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"old", "new"}),
        ({"waiting": "7"}, {"old"}),
        ({"period": "1"}, {"new"}),
        ({"model": "lab/new"}, {"new"}),
        ({"restricted": "on"}, {"old"}),
        ({"search": "OLD"}, {"old"}),
        ({"status": "all"}, {"old", "new", "done"}),
        ({"status": "nothing", "waiting": "x", "period": "\x00"}, {"old", "new"}),
    ],
)
def test_requests_are_narrowed(query, expected, client, operator):
    now = timezone.now()
    for name, days, status in (("old", 10, "pending"), ("new", 0, "pending"), ("done", 2, "active")):
        at = now - timedelta(days=days)
        model = ModelFactory.create(id=f"lab/{name}", restricted_access=name == "old")
        SubscriptionFactory.create(model=model, status=status, status_changed_at=at, created_at=at)
    client.force_login(operator)
    listed = page(client, "subscription_requests", **query).context["page"]
    assert {row.model_id.removeprefix("lab/") for row in listed} == expected


def test_the_list_is_sorted_and_comes_as_a_file(client, operator):
    for name in ("b", "a"):
        SubscriptionFactory.create(status="pending", model__id=name, status_reason=f"=because {name}")
    client.force_login(operator)
    listed = page(client, "subscription_requests", sort="model").context["page"]
    assert [row.model_id for row in listed] == ["a", "b"]
    file = page(client, "subscription_requests", sort="model", format="csv", columns="model.reason")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].split(",")[:3] == ["User", "Model", "Reason"]
    assert "'=because a" in lines[1]
