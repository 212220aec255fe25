"""Models over the API, for administrators."""

import pytest

from accounts.models import SYSTEM
from catalog import sync_jobs
from catalog.models import Model
from catalog.sync import sync_models
from jobs import running
from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory

BODY = {
    "model_name": "lab/new",
    "backend_model_name": "llama",
    "description": "New.",
    "api_base": "https://backend.example/v1",
    "api_key": "sk-provider-key-0001",
    "input_cost_per_token": 0,
    "output_cost_per_token": 0.0000006,
    "tpm": 1000,
    "rpm": "10",
    "max_tokens": 4096,
    "supports_vision": True,
    "supports_function_calling": False,
    "supports_parallel_function_calling": False,
    "supports_tool_choice": False,
    "restrictedAccess": True,
}


@pytest.fixture
def made(admin, gateway):
    answer = admin.post("admin/models", BODY)
    assert answer.status_code == 201
    return answer.json()


def test_a_model_is_made_and_shown_with_its_backend_to_operators_alone(made, admin, api):
    assert (made["success"], made["syncStatus"]) == (True, "synced")
    assert (made["model"]["id"], made["model"]["model_name"]) == ("lab/new", "lab/new")
    shown = admin.get("models/lab/new").json()
    assert (shown["backendModelName"], shown["apiBase"]) == ("llama", BODY["api_base"])
    assert (shown["restrictedAccess"], shown["pricing"]["input"], shown["isManagedHere"]) == (True, 0, True)
    assert (shown["supportsVision"], shown["supportsChat"], shown["maxTokens"]) == (True, True, 4096)
    assert "apiBase" not in api.get("models/lab/new").json()
    assert "sk-provider" not in str(shown)


def test_a_name_is_given_once_and_wrong_fields_are_named(made, admin):
    assert admin.post("admin/models", BODY).status_code == 409
    refused = admin.post("admin/models", {**BODY, "model_name": "other one", "rpm": -1}).json()
    assert refused["code"] == "VALIDATION_ERROR"
    missing = admin.post("admin/models", {"model_name": "x", "api_base": "https://b.example"}).json()
    fields = {entry["field"] for entry in missing["details"]["validation"]}
    assert fields == {"backend_model_name", "input_cost_per_token", "output_cost_per_token"}


def test_a_converter_needs_little(admin, gateway):
    body = {"model_name": "docs", "api_base": "https://b.example", "supports_convert": True, "tpm": 5}
    assert admin.post("admin/models", body).status_code == 201
    shown = admin.get("models/docs").json()
    assert (shown["modelType"], shown["backendModelName"], shown["tpm"]) == ("convert", "docling", None)
    assert (shown["supportsConvert"], shown["supportsChat"]) == (True, False)


def test_a_change_is_rehearsed_and_made(made, admin, api):
    Model.objects.filter(pk="lab/new").update(restricted_access=False)
    row = SubscriptionFactory.create(user=api.user, model_id="lab/new", model=Model.objects.get(pk="lab/new"))
    body = {"rpm": 20, "restrictedAccess": True, "api_key": ""}
    rehearsed = admin.put("admin/models/lab/new?dryRun=true", body).json()
    assert (rehearsed["dryRun"], rehearsed["affected"]["subscriptions"]) == (True, 1)
    assert Subscription.objects.get(pk=row.pk).status == "active"
    changed = admin.put("admin/models/lab%2Fnew", body).json()
    assert (changed["success"], changed["model"]["id"]) == (True, "lab/new")
    assert Subscription.objects.get(pk=row.pk).status == "pending"
    assert admin.get("models/lab/new").json()["rpm"] == 20
    assert admin.put("admin/models/nope", {"rpm": 1}).status_code == 404


def test_a_stored_key_does_not_move_to_another_address(made, admin, gateway):
    for blank in ({}, {"api_key": ""}, {"api_key": None}):
        refused = admin.put("admin/models/lab/new", {"api_base": "https://evil.example/v1", **blank})
        assert refused.status_code == 400
        (wrong,) = refused.json()["details"]["validation"]
        assert wrong["field"] == "api_key"
    assert admin.get("models/lab/new").json()["apiBase"] == BODY["api_base"]
    params = [d["litellm_params"] for d in gateway.state.deployments.values() if d["model_name"] == "lab/new"]
    assert [found["api_base"] for found in params] == [BODY["api_base"]]
    moved = {"api_base": "https://other.example/v1", "api_key": "sk-provider-key-0002"}
    assert admin.put("admin/models/lab/new", moved).status_code == 200
    # The same address, written in another way, is no other address.
    assert admin.put("admin/models/lab/new", {"api_base": "https://other.example/v1/"}).status_code == 200


def test_what_the_gateway_refuses_is_a_502_and_not_saved(made, admin, gateway):
    gateway.faults.add("status", "/model/update", status=400, body='{"detail": "no"}')
    refused = admin.put("admin/models/lab/new", {"rpm": 77})
    assert (refused.status_code, refused.json()["code"]) == (502, "LITELLM_ERROR")
    assert admin.get("models/lab/new").json()["rpm"] == 10


def test_a_model_is_deleted(made, admin, api, gateway):
    row = SubscriptionFactory.create(user=api.user, model=Model.objects.get(pk="lab/new"))
    rehearsed = admin.delete("admin/models/lab/new?dryRun=true").json()
    assert rehearsed["affected"]["subscriptions"] == 1
    assert any(d["model_name"] == "lab/new" for d in gateway.state.deployments.values())
    assert admin.delete("admin/models/lab/new").json()["success"] is True
    assert api.get(f"subscriptions/{row.pk}").json()["status"] == "inactive"
    assert api.get("models/lab/new").status_code == 404
    assert admin.get("models/lab/new").json()["retiredAt"] is not None


def test_what_the_configuration_file_decides_is_read_only(admin, gateway):
    sync_models(actor=SYSTEM, trigger="test")
    name = Model.objects.first().pk
    for refused in (
        admin.put(f"admin/models/{name}", {"rpm": 54321}),
        admin.delete(f"admin/models/{name}"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_MODEL")


def test_a_test_says_how_it_went(admin):
    refused = admin.post(
        "admin/models/test", {"api_base": "http://127.0.0.1/v1", "backend_model_name": "m"}
    ).json()
    assert (refused["success"], refused["result"]) == (False, "connection_error")
    body = {"api_base": "http://127.0.0.1/v1", "backend_model_name": "m", "model_id": "nope"}
    assert admin.post("admin/models/test", body).json()["result"] == "missing_stored_key"


def test_the_synchronisation_by_all_its_names(admin, auditor, api, gateway):
    assert admin.post("models/refresh").json()["modelsCount"] > 0
    synced = admin.post("admin/sync/models").json()
    assert set(synced["results"]) == {"modelsAdded", "modelsUpdated", "modelsRemoved", "total"}
    runs = auditor.get("models/sync/runs").json()
    assert [run["state"] for run in runs["data"]] == ["succeeded", "succeeded"]
    ModelFactory.create(id="served-by-nobody")
    found = auditor.get("models/validate").json()
    assert (found["invalidModels"], found["orphanedSubscriptions"]) == (["served-by-nobody"], 0)
    assert admin.post("models/sync?dryRun=true").json()["dryRun"] is True
    for path in ("models/sync/runs", "models/validate"):
        assert api.get(path).status_code == 403


@pytest.mark.parametrize("path", ["models/refresh", "admin/sync/models", "models/sync"])
def test_a_long_synchronisation_runs_as_a_job(admin, gateway, path, monkeypatch):
    monkeypatch.setattr(sync_jobs, "FEW", -1)
    begun = admin.post(path)
    assert begun.status_code == 202
    job = begun.json()["jobId"]
    assert begun.headers["Location"] == f"/api/v1/jobs/{job}"
    again = admin.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "JOB_RUNNING")
    assert running.run_job(job)
    done = admin.get(f"jobs/{job}").json()
    assert (done["state"], done["result"]["total"]) == ("succeeded", Model.objects.count())


@pytest.mark.parametrize("path", ["admin/models", "admin/models/test", "models/refresh", "admin/sync/models"])
def test_only_administrators_write(auditor, api, path):
    assert auditor.post(path, BODY).status_code == 403
    assert api.post(path, BODY).status_code == 403
