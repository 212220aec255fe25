"""Subscribing, asking again and cancelling, as a browser without script does it."""

from datetime import timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext

from apikeys.models import ApiKey
from notifications.models import Notification
from subscriptions import quota_rules, reasons
from subscriptions.models import Subscription
from subscriptions.services import QuotaUse, record_quota_use
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


def test_cards_show_what_is_used_of_the_quota_and_why_something_was_denied(person, browser):
    row = subscribe(person, "lab/one")
    denied = subscribe(person, "lab/two")
    Subscription.objects.filter(pk=denied.pk).update(status="denied", status_reason="Too costly.")
    now = timezone.now()
    window = quota_rules.window_start(now)
    record_quota_use([QuotaUse(person.pk, "lab/one", 9_900, 500_000)], window_start=window, as_of=now)
    page = browser.get("/subscriptions").content.decode()
    assert "99%, almost used up" in page
    assert "50% used" in page
    assert "Why it was denied" in page
    assert "Too costly." in page
    assert "<table" not in page
    table = browser.get("/subscriptions?view=list").content.decode()
    assert "<table" in table
    assert f"/subscriptions/{row.pk}" in table


def test_use_of_a_former_month_is_not_known_yet(person, browser):
    row = subscribe(person, "lab/one")
    now = timezone.now()
    Subscription.objects.filter(pk=row.pk).update(
        used_requests=9, used_tokens=9, used_as_of=now, quota_window_start=now - timedelta(days=40)
    )
    [(_row, requests, tokens)] = browser.get("/subscriptions").context["items"]
    assert (requests, tokens) == (None, None)


def test_the_list_is_narrowed_by_status_model_and_text(person, browser):
    for name, status in (("lab/one", "active"), ("lab/two", "pending"), ("lab/gone", "inactive")):
        row = subscribe(person, name)
        Subscription.objects.filter(pk=row.pk).update(status=status)
    for query, names in (
        ("", {"lab/one", "lab/two"}),
        ("model=lab/two", {"lab/two"}),
        ("model=lab/unknown", {"lab/one", "lab/two"}),
        ("status=active", {"lab/one"}),
        ("ended=on", {"lab/one", "lab/two", "lab/gone"}),
        ("search=TWO", {"lab/two"}),
    ):
        page = browser.get(f"/subscriptions?{query}")
        assert {row.model_id for row, *_used in page.context["items"]} == names, query


def test_the_page_of_a_subscription_names_keys_and_tells_its_history(person, operator, browser):
    row = subscribe(person, "lab/one")
    key = issue(person, "first", "lab/one")
    ended = issue(person, "gone", "lab/one")
    ApiKey.objects.filter(pk=ended.pk).update(revoked_at=timezone.now())
    browser.post(f"/subscriptions/{row.pk}/suspend", {"reason": "Holiday."})
    page = browser.get(f"/subscriptions/{row.pk}").content.decode()
    assert f'href="/api-keys/{key.pk}"' in page
    assert "gone" not in page
    assert "Holiday." in page
    assert "/usage?modelIds=lab%2Fone" in page
    seen = signed_in(operator).get(f"/subscriptions/{row.pk}").content.decode()
    assert f'href="/api-keys/{key.pk}"' not in seen
    assert f"userIds={person.pk}" in seen
    beside = signed_in(operator).get(f"/subscriptions/{row.pk}/history").content.decode()
    assert "Holiday." in beside


def test_what_was_denied_has_no_quota_to_use_and_says_why_first(person, browser):
    row = subscribe(person, "lab/one")
    Subscription.objects.update(status="denied", status_reason="Not this year.")
    page = browser.get(f"/subscriptions/{row.pk}").text
    assert "Why it was denied" in page
    assert "Quota of this month" not in page
    assert 'role="progressbar"' not in browser.get("/subscriptions?view=list").text
    Subscription.objects.update(status="pending", status_reason="For the letters.")
    page = browser.get(f"/subscriptions/{row.pk}").text
    assert "What you need it for" in page
    assert "tokens per month." in page


def test_why_the_portal_did_something_is_told_in_the_readers_language(person, browser):
    row = subscribe(person, "lab/one")
    row.history.create(
        old_status="active", new_status="pending", reason=reasons.MODEL_RESTRICTED, changed_at=row.created_at
    )
    Subscription.objects.update(status="pending", status_reason=reasons.MODEL_RESTRICTED)
    page = browser.get(f"/subscriptions/{row.pk}")
    assert "What you need it for" not in page.text
    assert page.text.count("The model became restricted.") == 2
    with translation.override("de"):
        row.refresh_from_db()
        assert row.reason_text == gettext(reasons.MODEL_RESTRICTED)
    Subscription.objects.update(status_reason="Status")
    row.refresh_from_db()
    with translation.override("de"):
        assert row.reason_text == "Status"


def test_who_may_only_read_is_offered_no_act_on_subscriptions(person, browser):
    subscribe(person, "lab/one")
    person.roles = ["readonly"]
    person.save()
    page = browser.get("/subscriptions").content.decode()
    assert "/cancel" not in page
    assert "/api-keys/new" not in page
