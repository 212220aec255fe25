"""How portal and gateway stand to each other (contract §10)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEvent
from jobs.models import Job
from litellm_sync import outbox
from litellm_sync.models import Finding, GatewayObject, SyncRun
from tests.api.test_openapi import check, document
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def shape(path, method, status):
    return document()["paths"][f"/api/v1{path}"][method]["responses"][str(status)]["content"][
        "application/json"
    ]["schema"]


@pytest.fixture
def told(gateway, drain):
    """A user that portal and gateway agree about."""
    user = UserFactory()
    with transaction.atomic():
        outbox.mark_dirty("user", user.pk, now=timezone.now(), hurried=False)
    assert drain() == 1
    return user


def test_health_tells_connection_queue_and_drift(auditor, told, gateway_client):
    gateway_client.update_user(user_id=str(told.pk), max_budget=9)
    SyncRun.objects.create(started_at=timezone.now(), finished_at=timezone.now(), state="completed")
    Finding.objects.create(
        kind="user",
        gateway_id=str(told.pk),
        object_id=told.pk,
        verdict="different",
        found_at=timezone.now(),
        seen_at=timezone.now(),
    )
    with transaction.atomic():
        outbox.mark_dirty("user", UserFactory().pk, now=timezone.now(), hurried=False)
    answer = auditor.get("integration/health")
    assert answer.status_code == 200
    body = answer.json()
    check(body, shape("/integration/health", "get", 200), "health")
    assert body["liteLLMConnection"]["status"] == "healthy"
    assert (body["syncStatus"]["pendingSyncs"], body["syncStatus"]["failedSyncs"]) == (1, 0)
    assert (body["dataConsistency"]["usersInSync"], body["dataConsistency"]["usersOutOfSync"]) == (0, 2)


def test_health_while_the_gateway_is_away(auditor):
    body = auditor.get("integration/health").json()
    assert (body["liteLLMConnection"]["status"], body["liteLLMConnection"]["responseTime"]) == (
        "unhealthy",
        None,
    )


def test_a_sync_finds_and_repairs(admin, told, gateway_client, drain):
    gateway_client.update_user(user_id=str(told.pk), max_budget=9)
    answer = admin.post("integration/sync", {"syncTeams": False, "syncModels": False, "syncApiKeys": False})
    assert answer.status_code == 200
    body = answer.json()
    check(body, shape("/integration/sync", "post", 200), "sync")
    assert body["success"] is True
    assert body["results"]["users"] == {"total": 1, "synced": 0, "errors": 1}
    assert SyncRun.objects.get(pk=body["syncId"]).state == "completed"
    assert AuditEvent.objects.filter(action="GATEWAY_SYNC").count() == 1
    drain()
    assert gateway_client.get_user(str(told.pk))["max_budget"] is None


def test_a_dry_run_repairs_nothing(admin, told, gateway_client, drain):
    gateway_client.update_user(user_id=str(told.pk), max_budget=9)
    body = admin.post("integration/sync?dryRun=true").json()
    assert body["results"]["users"]["errors"] == 1
    assert (drain(), Finding.objects.count()) == (0, 0)


def test_a_long_sync_becomes_a_job(admin, told, monkeypatch):
    monkeypatch.setattr("portal.sync.comparing.FEW", 0)
    answer = admin.post("integration/sync")
    assert answer.status_code == 202
    check(answer.json(), shape("/integration/sync", "post", 202), "sync")
    assert Job.objects.get().kind == "gateway-sync"
    assert admin.post("integration/sync").status_code == 409


def test_the_job_carries_the_sync_out(admin, told, gateway_client, monkeypatch, drain):
    from jobs.running import run_due

    monkeypatch.setattr("portal.sync.comparing.FEW", 0)
    gateway_client.update_user(user_id=str(told.pk), max_budget=9)
    admin.post("integration/sync")
    run_due(now=timezone.now())
    job = Job.objects.get()
    assert (job.state, job.result["results"]["user"]["different"]) == ("succeeded", 1)


def test_one_user_is_told_again(admin, told):
    body = admin.post("integration/sync", {"userId": str(told.pk)}).json()
    assert body["results"]["users"] == {"total": 1, "synced": 0, "errors": 0}
    assert GatewayObject.objects.get(kind="user", object_id=told.pk).is_dirty


@pytest.mark.parametrize(
    ("body", "status"),
    [({"userId": str(uuid4())}, 404), ({"userId": "x"}, 400), ({"forceSync": "maybe"}, 400), ([], 400)],
)
def test_bad_input_is_refused(admin, body, status):
    assert admin.post("integration/sync", body or [1]).status_code == status


def test_alerts_tell_what_to_look_at_the_worst_first(auditor, told):
    now = timezone.now()
    with transaction.atomic():
        outbox.mark_dirty("key", [uuid4(), uuid4()], now=now - timedelta(hours=1), hurried=False)
    refused = GatewayObject.objects.filter(kind="key").first()
    GatewayObject.objects.filter(pk=refused.pk).update(parked_at=now, last_error="no such budget")
    Finding.objects.create(
        kind="key", gateway_id="stranger", verdict="unknown", label="theirs", found_at=now, seen_at=now
    )
    SyncRun.objects.create(started_at=now, finished_at=now, state="incomplete")
    answer = auditor.get("integration/alerts")
    check(answer.json(), shape("/integration/alerts", "get", 200), "alerts")
    alerts = answer.json()["alerts"]
    assert [(alert["type"], alert["severity"]) for alert in alerts] == [
        ("refused", "high"),
        ("queue", "medium"),
        ("comparison_incomplete", "medium"),
        ("drift_unknown", "low"),
    ]
    assert "no such budget" in alerts[0]["message"]
    low = auditor.get("integration/alerts?severity=low").json()["alerts"]
    assert [alert["type"] for alert in low] == ["drift_unknown"]
    assert auditor.get("integration/alerts?severity=worst").status_code == 400


@pytest.mark.parametrize("path", ["integration/health", "integration/alerts"])
def test_people_without_a_role_see_nothing(api, path):
    assert api.get(path).status_code == 403


def test_readers_start_no_sync(auditor):
    assert auditor.post("integration/sync").status_code == 403
