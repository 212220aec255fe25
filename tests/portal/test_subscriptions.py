"""Subscribing, asking again and cancelling, as a browser without script does it."""

from django.utils import timezone

from apikeys.models import ApiKey
from notifications.models import Notification
from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory
from tests.portal.conftest import issue, signed_in, subscribe


def status_of(person, model_id):
    return Subscription.objects.get(user=person, model=model_id).status


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_subscribing_ends_on_the_models_page(person, browser):
    ModelFactory(id="lab/one")
    response = browser.post("/subscriptions/new", {"model_id": "lab/one"}, follow=True)
    assert response.redirect_chain == [("/models/lab/one", 302)]
    assert said(response) == ["You are subscribed to lab/one."]
    assert status_of(person, "lab/one") == "active"


def test_subscribing_twice_is_a_notice(person, browser):
    subscribe(person, "lab/one")
    response = browser.post("/subscriptions/new", {"model_id": "lab/one"}, follow=True)
    assert said(response) == ["You have a subscription to this model already."]


def test_a_restricted_model_waits_for_a_decision(person, browser):
    ModelFactory(id="lab/shut", restricted_access=True)
    response = browser.post("/subscriptions/new", {"model_id": "lab/shut"}, follow=True)
    assert "waits for a decision" in response.content.decode()
    assert status_of(person, "lab/shut") == "pending"


def test_a_quota_above_the_allowed_one_is_said_at_its_field(browser):
    ModelFactory(id="lab/one")
    response = browser.post("/subscriptions/new", {"model_id": "lab/one", "quota_requests": "20000"})
    assert response.context["form"].errors == {
        "quota_requests": ["Ask an administrator for more than 10000."]
    }


def test_a_model_that_is_not_there_is_not_found(browser):
    assert browser.post("/subscriptions/new", {"model_id": "nothing"}).status_code == 404
    assert browser.post("/subscriptions/new", {}).status_code == 404


def test_cancelling_names_the_keys_first(person, browser):
    row = subscribe(person, "lab/one")
    subscribe(person, "lab/two")
    issue(person, "only one", "lab/one")
    issue(person, "both", "lab/one", "lab/two")
    page = browser.get(f"/subscriptions/{row.pk}/cancel").content.decode()
    assert page.count("has no other model and stops working") == 1
    assert "only one" in page
    assert "both" in page
    browser.post(f"/subscriptions/{row.pk}/cancel")
    assert status_of(person, "lab/one") == "inactive"
    assert ApiKey.objects.get(name="both").model_links.count() == 1


def test_cancelling_twice_changes_nothing_more(person, browser):
    row = subscribe(person, "lab/one")
    for _ in range(2):
        assert browser.post(f"/subscriptions/{row.pk}/cancel").url == "/subscriptions"
    assert row.history.count() == 1


def test_a_denied_request_can_be_sent_again(person, browser):
    row = subscribe(person, "lab/shut", restricted_access=True)
    Subscription.objects.filter(pk=row.pk).update(status="denied", status_reason="Not now.")
    assert "Not now." in browser.get(f"/subscriptions/{row.pk}/review").content.decode()
    browser.post(f"/subscriptions/{row.pk}/review", {"comment": "It is for the lab."})
    assert status_of(person, "lab/shut") == "pending"


def test_somebody_elses_subscription_is_not_found(browser):
    other = SubscriptionFactory.create()
    assert browser.get(f"/subscriptions/{other.pk}/cancel").status_code == 404
    assert browser.post(f"/subscriptions/{other.pk}/review").status_code == 404


def test_ended_ones_are_listed_when_asked_for(person, browser):
    row = subscribe(person, "lab/one")
    Subscription.objects.filter(pk=row.pk).update(status="inactive", updated_at=timezone.now())
    assert list(browser.get("/subscriptions").context["page"]) == []
    assert list(browser.get("/subscriptions?ended=on").context["page"]) == [row]
    assert list(browser.get("/subscriptions?status=inactive").context["page"]) == [row]


def test_a_request_tells_why_to_those_who_decide(person, operator, browser):
    ModelFactory(id="lab/secret", restricted_access=True)
    page = browser.get("/models/lab/secret").content.decode()
    assert "What you need it for" in page
    browser.post("/subscriptions/new", {"model_id": "lab/secret", "reason": " For the thesis. "})
    row = Subscription.objects.get(user=person, model="lab/secret")
    assert row.status_reason == "For the thesis."
    assert [step.reason for step in row.history.all()] == ["For the thesis."]
    assert Notification.objects.get(user=operator).body_text == "For the thesis."
    assert "For the thesis." in signed_in(operator).get("/operations/subscriptions").content.decode()


def test_nobody_is_told_why_where_nobody_decides(person, browser):
    ModelFactory(id="lab/open")
    assert "What you need it for" not in browser.get("/models/lab/open").content.decode()
    browser.post("/subscriptions/new", {"model_id": "lab/open", "reason": "Because."})
    assert Subscription.objects.get(user=person, model="lab/open").status_reason == ""
