from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from litemaas.api import pagination
from subscriptions import quota_rules
from subscriptions.api import queries
from subscriptions.models import Subscription
from subscriptions.services import QuotaUse, record_quota_use
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
    assert shown["allowedActions"] == ["cancel", "suspend", "change-quotas"]
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
    assert (denied["statusReason"], denied["allowedActions"]) == (
        "Too dear.",
        ["cancel", "request-review", "change-quotas"],
    )
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
    api.get("subscriptions", {"limit": 100})
    with CaptureQueriesContext(connection) as one:
        api.get("subscriptions", {"limit": 100})
    SubscriptionFactory.create_batch(49, user=api.user)
    with CaptureQueriesContext(connection) as fifty:
        answer = api.get("subscriptions", {"limit": 100}).json()
    assert len(answer["data"]) == answer["total"] == answer["pagination"]["total"] == 50
    assert len(one) == len(fifty) == 2


def test_the_owner_changes_quotas_within_the_ceiling_and_nothing_else(api, admin):
    pk = SubscriptionFactory.create(user=api.user).pk
    path = f"subscriptions/{pk}"
    changed = api.patch(path, {"quotaRequests": "5", "metadata": {"why": "a test"}}).json()
    assert (changed["quotaRequests"], changed["metadata"]["why"]) == (5, "a test")
    refused = api.patch(path, {"quotaRequests": 10_001})
    assert (refused.status_code, refused.json()["code"]) == (400, "LIMIT_EXCEEDS_MAXIMUM")
    assert api.patch(path, {"status": "active"}).status_code == 403
    assert admin.patch(path, {"status": "active"}).status_code == 403
    assert api.patch(path, {"expiresAt": None}).status_code == 403
    assert api.patch(path, {"quotaRequests": None}).json()["details"]["field"] == "quotaRequests"
    assert api.patch(path, {"metadata": {"x": "y" * 5000}}).json()["details"]["field"] == "metadata"
    assert admin.put(f"{path}/quotas", {"quotaRequests": 20_000, "quotaTokens": 7}).json()["quotaTokens"] == 7
    assert api.put(f"{path}/quotas", {"quotaRequests": 1}).json()["details"]["field"] == "quotaTokens"


def test_suspending_and_resuming(api, admin):
    pk = SubscriptionFactory.create(user=api.user).pk
    held = api.post(f"subscriptions/{pk}/suspend", {"reason": "Holiday."}).json()
    assert (held["status"], held["statusReason"]) == ("suspended", "Holiday.")
    assert held["allowedActions"] == ["cancel", "resume", "change-quotas"]
    assert api.post(f"subscriptions/{pk}/resume").json()["status"] == "active"
    admin.post(f"subscriptions/{pk}/suspend")
    assert api.post(f"subscriptions/{pk}/resume").status_code == 403
    assert "resume" not in api.get(f"subscriptions/{pk}").json()["allowedActions"]
    assert admin.post(f"subscriptions/{pk}/resume").json()["status"] == "active"


def test_an_administrator_subscribes_somebody(api, admin, user):
    ModelFactory(id="m")
    assert subscribe(api, userId=str(admin.user.pk)).status_code == 403
    made = admin.post("subscriptions", {"modelId": "m", "userId": str(user.pk)}).json()
    assert (made["userId"], made["status"]) == (str(user.pk), "active")
    assert admin.post("subscriptions", {"modelId": "m", "userId": str(uuid4())}).status_code == 400


def test_what_was_used_shows_everywhere(api):
    row = SubscriptionFactory.create(user=api.user, quota_requests=100, quota_tokens=1000)
    now = timezone.now()
    record_quota_use(
        [QuotaUse(row.user_id, row.model_id, 80, 1200)],
        window_start=quota_rules.window_start(now),
        as_of=now,
    )
    shown = api.get(f"subscriptions/{row.pk}").json()
    assert (shown["usedRequests"], shown["remainingRequests"], shown["requestUtilization"]) == (80, 20, 80.0)
    assert (shown["usedTokens"], shown["remainingTokens"]) == (1200, 0)
    quota = api.get(f"subscriptions/{row.pk}/quota").json()
    assert quota["tokens"] == {"limit": 1000, "used": 1200, "remaining": 0, "resetAt": shown["resetAt"]}
    usage = api.get(f"subscriptions/{row.pk}/usage").json()
    assert (usage["withinRequestLimit"], usage["withinTokenLimit"]) == (True, False)
    assert usage["warningThresholds"] == {"requests": 80, "tokens": 80}
    stats = api.get("subscriptions/stats").json()
    assert stats["byStatus"] == {"active": 1}
    assert stats["totalQuotaUsage"]["requests"] == {"used": 80, "limit": 100}


def test_what_is_not_known_is_null(api):
    pk = SubscriptionFactory.create(user=api.user).pk
    quota = api.get(f"subscriptions/{pk}/quota").json()
    assert (quota["requests"]["used"], quota["requests"]["remaining"]) == (None, None)
    priced = api.get(f"subscriptions/{pk}/pricing").json()
    assert (priced["usedTokens"], priced["inputCostPerToken"]) == (None, 0.000001)
    assert api.get("subscriptions/stats").json()["totalQuotaUsage"]["tokens"]["used"] is None


def test_a_decision_can_be_taken_back(api, admin, auditor):
    pk = SubscriptionFactory.create(user=api.user).pk
    path = f"admin/subscriptions/{pk}/revert"
    assert auditor.post(path, {"newStatus": "denied"}).status_code == 403
    denied = admin.post(path, {"newStatus": "denied", "reason": "Abuse."}).json()
    assert (denied["status"], denied["model"]["restrictedAccess"]) == ("denied", False)
    assert [step["newStatus"] for step in denied["history"]] == ["denied"]
    assert admin.post(path, {"newStatus": "active"}).json()["status"] == "active"
    assert admin.post(path, {"newStatus": "active"}).json()["code"] == "INVALID_STATE_TRANSITION"
    assert admin.post(path, {"newStatus": "expired"}).json()["code"] == "VALIDATION_ERROR"


def test_an_administrator_deletes_one_and_its_history_stays(api, admin):
    row = SubscriptionFactory.create(user=api.user)
    rehearsed = admin.delete(f"admin/subscriptions/{row.pk}?dryRun=true").json()
    assert (rehearsed["dryRun"], rehearsed["affected"]["subscriptions"]) == (True, 1)
    assert api.get(f"subscriptions/{row.pk}").status_code == 200
    assert admin.delete(f"admin/subscriptions/{row.pk}").json() == {"success": True}
    for client in (api, admin):
        assert client.get(f"subscriptions/{row.pk}").status_code == 404
    assert api.get("subscriptions", {"status": "inactive"}).json()["total"] == 0
    again = subscribe(api, row.model_id).json()
    assert (again["id"], again["status"]) == (str(row.pk), "active")
    history = api.get(f"subscriptions/{row.pk}/history").json()["data"]
    assert [step["newStatus"] for step in history] == ["inactive", "active"]


def test_quotas_are_reset_by_administrators_who_say_whose(api, admin):
    assert api.post("subscriptions/admin/reset-quotas", {"all": True}).status_code == 403
    assert admin.post("subscriptions/admin/reset-quotas").status_code == 400
    body = {"userId": str(api.user.pk)}
    assert admin.post("subscriptions/admin/reset-quotas?dryRun=true", body).json()["resetCount"] == 0
    assert admin.post("subscriptions/admin/reset-quotas", {"all": True}).json()["resetCount"] == 0


def test_requests_are_found_by_all_that_is_known_of_them(api, admin):
    row = SubscriptionFactory.create(user=api.user, status="pending", model__restricted_access=True)
    SubscriptionFactory.create()
    found = [
        {"statuses": ["pending", "denied"]},
        {"modelIds": [row.model_id]},
        {"userIds[]": [str(api.user.pk)]},
        {"restricted": "true"},
        {"statuses": "pending", "dateFrom": "2026-11-20T00:00:00Z", "dateTo": "2026-11-20T00:00:00Z"},
    ]
    for query in found:
        page = admin.get("admin/subscriptions", query).json()
        assert [entry["id"] for entry in page["data"]] == [str(row.pk)], query
    assert page["data"][0]["model"] == {
        "id": row.model_id,
        "name": row.model_id,
        "provider": "openai",
        "restrictedAccess": True,
    }
    assert admin.get("admin/subscriptions", {"dateTo": "2026-11-19T00:00:00Z"}).json()["data"] == []
    assert admin.get("admin/subscriptions", {"statuses": "nonsense"}).status_code == 400
    assert admin.get("admin/subscriptions", {"dateFrom": "yesterday"}).status_code == 400
    assert admin.get("admin/subscriptions", {"statuses": "cancelled"}).json()["data"] == []
    everybody = admin.get("subscriptions/admin/all", {"userId": str(api.user.pk)}).json()
    assert [entry["user"]["username"] for entry in everybody["data"]] == [api.user.username]


def test_the_day_of_those_who_decide_in_numbers(api, admin):
    rows = SubscriptionFactory.create_batch(3, status="pending", model__restricted_access=True)
    admin.post("admin/subscriptions/approve", {"subscriptionIds": [str(rows[0].pk)]})
    admin.post("admin/subscriptions/deny", {"subscriptionIds": [str(rows[1].pk)], "reason": "No."})
    assert admin.get("admin/subscriptions/stats").json() == {
        "pendingCount": 1,
        "approvedToday": 1,
        "deniedToday": 1,
        "totalRequests": 3,
    }
    assert api.get("admin/subscriptions/stats").status_code == 403


def test_a_dry_run_of_decisions_names_whom_it_touches(admin):
    rows = SubscriptionFactory.create_batch(2, status="pending")
    body = {"subscriptionIds": [str(row.pk) for row in rows] + [str(uuid4())], "reason": "No."}
    rehearsed = admin.post("admin/subscriptions/deny?dryRun=true", body).json()
    assert (rehearsed["successful"], rehearsed["failed"]) == (2, 1)
    assert (rehearsed["affected"]["users"], rehearsed["affected"]["subscriptions"]) == (2, 2)
    samples = " ".join(sample["label"] for sample in rehearsed["affected"]["samples"])
    assert all(row.user.username in samples for row in rows)
    assert Subscription.objects.filter(status="pending").count() == 2


def test_administrators_give_models_to_somebody(api, admin, auditor):
    open_one, restricted = ModelFactory.create(), ModelFactory.create(restricted_access=True)
    waiting = SubscriptionFactory.create(user=api.user, model=restricted, status="pending")
    has = SubscriptionFactory.create(user=api.user)
    path = f"admin/users/{api.user.pk}/subscriptions"
    body = {"modelIds": [open_one.pk, restricted.pk, has.model_id], "reason": "New project."}
    assert auditor.post(path, body).status_code == 403
    given = admin.post(path, body)
    assert given.status_code == 201
    assert [entry["modelId"] for entry in given.json()["created"]] == [open_one.pk]
    assert given.json()["activated"] == [
        {"modelId": restricted.pk, "subscriptionId": str(waiting.pk), "previousStatus": "pending"}
    ]
    assert given.json()["alreadyActive"] == [has.model_id]
    listed = auditor.get(path, {"status": "active"}).json()
    assert listed["pagination"]["total"] == 3
    assert set(listed["data"][0]) == {
        *("id", "modelId", "modelName", "provider", "status"),
        *("statusReason", "createdAt", "statusChangedAt"),
    }
    assert admin.post(path, {"modelIds": [open_one.pk, "nope"]}).json()["details"]["field"] == "modelIds"
    assert admin.get(f"admin/users/{uuid4()}/subscriptions").status_code == 404


def test_lists_for_administrators_cost_the_same_statements_however_long(admin):
    SubscriptionFactory()
    paths = ["admin/subscriptions", "subscriptions/admin/all"]
    counts = []
    for _round in range(2):
        for path in paths:
            admin.get(path, {"limit": 100})
            with CaptureQueriesContext(connection) as statements:
                answer = admin.get(path, {"limit": 100}).json()
            counts.append(len(statements))
        SubscriptionFactory.create_batch(49)
    assert len(answer["data"]) == 50
    assert set(counts) == {2}


def test_the_total_of_a_long_list_for_administrators_is_counted_once_a_moment(admin, monkeypatch):
    monkeypatch.setattr(pagination, "_MANY", 3)
    SubscriptionFactory.create_batch(2)

    def total():
        return admin.get("admin/subscriptions").json()["pagination"]["total"]

    assert total() == 2
    SubscriptionFactory.create()
    assert total() == 3
    SubscriptionFactory.create()
    answer = admin.get("admin/subscriptions").json()
    assert (answer["pagination"]["total"], len(answer["data"])) == (3, 4)
    monkeypatch.setattr(pagination, "_MOMENT", 0.0)
    queries._REQUESTS._totals.clear()
    assert total() == 4
