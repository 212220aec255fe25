from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory


def subscribe(api, model_id="m", **more):
    return api.post("subscriptions", {"modelId": model_id, **more})


def test_subscribing_gives_an_active_subscription_with_the_usual_quotas(api):
    ModelFactory(id="m")
    answer = subscribe(api)
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["status"], shown["quotaRequests"], shown["quotaTokens"]) == ("active", 10_000, 1_000_000)
    assert shown["usedRequests"] is None
    assert shown["allowedActions"] == ["cancel"]
    assert shown["pricing"]["currency"] == "USD"


def test_a_restricted_model_waits_for_approval(api, admin):
    ModelFactory(id="m", restricted_access=True)
    waiting = subscribe(api).json()
    assert waiting["status"] == "pending"
    listed = admin.get("admin/subscriptions", {"statuses": ["pending"]}).json()["data"]
    assert listed[0]["user"]["username"] == api.user.username
    done = admin.post(
        "admin/subscriptions/approve", {"subscriptionIds": [waiting["id"], str(uuid4())]}
    ).json()
    assert (done["successful"], done["failed"]) == (1, 1)
    assert api.get(f"subscriptions/{waiting['id']}").json()["status"] == "active"


def test_a_denial_needs_a_reason_and_can_be_questioned(api, admin):
    ModelFactory(id="m", restricted_access=True)
    pk = subscribe(api).json()["id"]
    refused = admin.post("admin/subscriptions/deny", {"subscriptionIds": [pk]})
    assert refused.json()["details"]["field"] == "reason"
    admin.post("admin/subscriptions/deny", {"subscriptionIds": [pk], "reason": "Too dear."})
    denied = api.get(f"subscriptions/{pk}").json()
    assert (denied["statusReason"], denied["allowedActions"]) == ("Too dear.", ["cancel", "request-review"])
    assert (
        api.post(f"subscriptions/{pk}/request-review", {"comment": "Please."}).json()["status"] == "pending"
    )
    assert api.post(f"subscriptions/{pk}/request-review").status_code == 200
    history = api.get(f"subscriptions/{pk}/history").json()["data"]
    assert [step["newStatus"] for step in history] == ["pending", "denied", "pending"]
    assert history[1]["changedBy"]["username"] == admin.user.username


def test_subscribing_twice_is_a_conflict(api):
    ModelFactory(id="m")
    subscribe(api)
    again = subscribe(api)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_EXISTS")


def test_an_unknown_model_is_404_and_one_that_vanished_400(api):
    assert subscribe(api).status_code == 404
    ModelFactory(id="gone", availability="unavailable", unavailable_since=timezone.now())
    assert subscribe(api, "gone").json()["details"]["field"] == "modelId"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"quotaRequests": 0}, "quotaRequests"),
        ({"quotaTokens": 1_000_001}, "quotaTokens"),
        ({"expiresAt": "2020-01-01"}, "expiresAt"),
        ({"userId": str(uuid4())}, "userId"),
    ],
)
def test_what_cannot_be_granted_is_refused_by_name(api, more, field):
    ModelFactory(id="m")
    refused = subscribe(api, **more)
    assert refused.status_code == 400
    assert refused.json()["details"]["field"] == field
    assert not Subscription.objects.exists()


def test_a_subscription_may_have_an_end(api):
    ModelFactory(id="m")
    end = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    assert subscribe(api, expiresAt=end.isoformat()).json()["expiresAt"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_cancelled_one_leaves_the_list_and_cannot_be_cancelled_again(api):
    pk = SubscriptionFactory.create(user=api.user).pk
    cancelled = api.post(f"subscriptions/{pk}/cancel").json()
    assert (cancelled["status"], cancelled["allowedActions"]) == ("inactive", [])
    assert api.get("subscriptions").json()["total"] == 0
    assert api.get("subscriptions", {"status": "inactive"}).json()["total"] == 1
    again = api.post(f"subscriptions/{pk}/cancel")
    assert (again.status_code, again.json()["code"]) == (400, "INVALID_STATE_TRANSITION")


@pytest.mark.parametrize("method", ["get", "cancel", "request-review", "history"])
def test_another_users_subscription_does_not_exist(stranger, method):
    pk = SubscriptionFactory.create().pk
    path = f"subscriptions/{pk}" + ("" if method == "get" else f"/{method}")
    call = stranger.get if method in {"get", "history"} else stranger.post
    assert call(path).status_code == 404


def test_operators_see_everybodys(auditor, stranger):
    row = SubscriptionFactory.create()
    assert auditor.get(f"subscriptions/{row.pk}").status_code == 200
    assert auditor.get("subscriptions").json()["total"] == 0
    assert auditor.get("subscriptions", {"userId": "all"}).json()["total"] == 1
    assert auditor.get("subscriptions", {"userId": str(row.user_id)}).json()["total"] == 1
    assert stranger.get("subscriptions", {"userId": str(row.user_id)}).status_code == 404
    assert stranger.get("admin/subscriptions").status_code == 403
    assert auditor.post("admin/subscriptions/approve", {"subscriptionIds": [str(row.pk)]}).status_code == 403


def test_a_list_costs_the_same_statements_however_long(api):
    SubscriptionFactory(user=api.user)
    with CaptureQueriesContext(connection) as one:
        api.get("subscriptions", {"limit": 100})
    SubscriptionFactory.create_batch(49, user=api.user)
    with CaptureQueriesContext(connection) as fifty:
        answer = api.get("subscriptions", {"limit": 100}).json()
    assert len(answer["data"]) == answer["total"] == answer["pagination"]["total"] == 50
    assert len(one) == len(fifty) == 2
