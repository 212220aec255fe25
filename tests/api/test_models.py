from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Deployment, Model, SyncRun
from tests.factories import NOW, ModelFactory, SubscriptionFactory


def test_a_list_is_a_page_in_stable_order(api):
    for name in ("b", "a", "c"):
        ModelFactory(id=name)
    answer = api.get("models", {"limit": 2}).json()
    assert [row["id"] for row in answer["data"]] == ["a", "b"]
    assert answer["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}


def test_a_page_beyond_the_end_is_empty_and_knows_the_total(api):
    ModelFactory()
    answer = api.get("models", {"page": 7}).json()
    assert answer["data"] == []
    assert answer["pagination"]["total"] == 1


def test_a_thousand_models_fit_on_a_page_and_no_more(api):
    assert api.get("models", {"limit": 1000}).status_code == 200
    refused = api.get("models", {"limit": 1001})
    assert refused.status_code == 400
    assert refused.json()["details"]["field"] == "limit"


def test_unknown_facts_are_null_and_a_price_of_zero_is_a_price(api):
    ModelFactory(id="a", input_cost_per_token=None, output_cost_per_token=None, context_length=None)
    ModelFactory(id="b", input_cost_per_token=Decimal(0), output_cost_per_token=None)
    unknown, free = api.get("models").json()["data"]
    assert (unknown["pricing"], unknown["contextLength"]) == (None, None)
    assert free["pricing"] == {"input": 0, "output": None, "unit": "per_token"}


def test_prices_reach_the_wire_to_the_last_digit(api):
    ModelFactory(input_cost_per_token=Decimal("0.000000123456789012"))
    assert b'"inputCostPerToken":0.000000123456789012' in api.get("models").content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "LLAMA"}, ["meta/llama"]),
        ({"search": "sees"}, ["eyes"]),
        ({"provider": "meta"}, ["meta/llama"]),
        ({"capability": "vision"}, ["eyes"]),
        ({"restricted": "true"}, ["eyes"]),
        ({"restricted": "false"}, ["meta/llama"]),
        ({"search": "%"}, []),
    ],
)
def test_a_list_is_filtered(api, query, found):
    ModelFactory(id="meta/llama", provider="meta")
    ModelFactory(id="eyes", capabilities=["chat", "vision"], description="Sees.", restricted_access=True)
    assert [row["id"] for row in api.get("models", query).json()["data"]] == found


def test_a_list_is_sorted_with_the_unknown_last(api):
    ModelFactory(id="a", context_length=None)
    ModelFactory(id="b", context_length=5)
    ModelFactory(id="c", context_length=9)
    down = api.get("models", {"sortBy": "contextLength", "sortOrder": "desc"}).json()["data"]
    assert [row["id"] for row in down] == ["c", "b", "a"]
    assert api.get("models", {"sortBy": "mood"}).json()["details"]["field"] == "sortBy"


def test_what_vanished_is_for_operators(api, auditor):
    ModelFactory(id="gone", availability="unavailable", unavailable_since=NOW)
    assert api.get("models").json()["data"] == []
    assert api.get("models/gone").status_code == 404
    assert api.get("models", {"isActive": "all"}).status_code == 403
    assert [row["isActive"] for row in auditor.get("models", {"isActive": "false"}).json()["data"]] == [False]
    assert auditor.get("models/gone").status_code == 200


@pytest.mark.parametrize("path", ["models/lab/model/x", "models/lab%2Fmodel%2Fx", "models/lab/model/x/"])
def test_a_name_may_hold_slashes(api, path):
    ModelFactory(id="lab/model/x")
    assert api.get(path).json()["id"] == "lab/model/x"


def test_ones_own_subscription_is_shown_and_nobody_elses(api):
    SubscriptionFactory(user=api.user, model=ModelFactory(id="mine"))
    SubscriptionFactory(model=ModelFactory(id="theirs"))
    shown = {row["id"]: row["subscriptionStatus"] for row in api.get("models").json()["data"]}
    assert shown == {"mine": "active", "theirs": None}


def test_addresses_are_for_operators(api, auditor):
    model = ModelFactory.create(id="m")
    Deployment.objects.create(
        id="d1", model=model, api_base="http://10.0.0.1", facts={"mode": "chat"}, last_seen_at=NOW
    )
    assert "10.0.0.1" not in api.get("models/m").content.decode()
    assert "apiBase" not in api.get("models").json()["data"][0]
    shown = auditor.get("models/m").json()
    assert (shown["apiBase"], shown["litellmModelId"]) == ("http://10.0.0.1", "d1")
    assert shown["metadata"]["deployments"][0]["mode"] == "chat"


def test_providers_and_capabilities_are_counted(api):
    ModelFactory(provider="a", capabilities=["chat"])
    ModelFactory(provider="b", capabilities=["chat", "vision"])
    ModelFactory(provider="b", capabilities=["chat"])
    providers = api.get("models/providers").json()["providers"]
    assert [(p["name"], p["modelCount"]) for p in providers] == [("b", 2), ("a", 1)]
    assert providers[0]["capabilities"] == ["chat", "vision"]
    counted = api.get("models/capabilities").json()["capabilities"]
    assert [(c["name"], c["modelCount"]) for c in counted] == [("chat", 3), ("vision", 1)]


def test_a_list_costs_the_same_statements_however_long(api):
    ModelFactory()
    with CaptureQueriesContext(connection) as one:
        api.get("models", {"limit": 100})
    ModelFactory.create_batch(49)
    with CaptureQueriesContext(connection) as fifty:
        assert len(api.get("models", {"limit": 100}).json()["data"]) == 50
    assert len(one) == len(fifty) == 2


def test_sync_statistics_and_health_come_from_the_last_run(api):
    assert api.get("models/health").json()["status"] == "error"
    ModelFactory()
    SyncRun.objects.create(started_at=NOW, finished_at=NOW, state="succeeded", total_models=1)
    stats = api.get("models/sync/stats").json()
    assert (stats["totalModels"], stats["lastSyncAt"]) == (1, "2026-11-20T12:00:00Z")
    assert api.get("models/health").json()["lastSync"] == "2026-11-20T12:00:00Z"


def test_what_a_run_left_out_is_told_and_to_administrators_which(api, admin):
    ModelFactory()
    left_out = [{"reason": "no_id", "model": "lab/odd", "deployment": ""}]
    SyncRun.objects.create(
        started_at=NOW,
        finished_at=NOW,
        state="succeeded",
        total_models=1,
        left_out_count=1,
        left_out=left_out,
    )
    assert api.get("models/health").json()["issues"] == ["1 entry could not be used."]
    assert "lab/odd" in admin.get("models/sync/runs").json()["data"][0]["finding"]


@pytest.mark.django_db(transaction=True)
def test_missing_models_can_be_left_as_they_are(admin, gateway):
    ModelFactory.create_batch(30)
    done = admin.post("models/sync", {"markUnavailable": False}).json()
    assert (done["success"], done["unavailableModels"]) == (True, 0)
    forced = admin.post("models/sync", {"markUnavailable": False, "forceUpdate": True}).json()
    assert forced["updatedModels"] == forced["totalModels"] > 0
    assert admin.post("models/sync").json()["error"]["code"] == "SYNC_SAFETY_STOP"


def test_only_administrators_synchronise(api, auditor):
    assert api.post("models/sync").status_code == 403
    assert auditor.post("models/sync").json()["details"]["requiredPermission"] == "admin:models"


@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_is_away_changes_nothing(admin):
    ModelFactory()
    answer = admin.post("models/sync")
    assert answer.status_code == 503
    assert answer.json()["retry" if "retry" in answer.json() else "error"]["retry"]["retryable"] is True
    assert Model.objects.available().count() == 1
