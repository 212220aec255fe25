"""Backups over the API (contract §17): who may, what is asked first, and how long work is answered."""

import gzip
import hashlib
import threading
from base64 import b64encode
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from jobs.models import Job
from jobs.running import run_due
from portal.api import backups
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _set_up(settings, tmp_path, monkeypatch):
    settings.BACKUP_DIR = str(tmp_path)
    # No worker is there: the test does the jobs.
    monkeypatch.setattr(backups, "PATIENCE", 0)


@pytest.fixture
def made(admin) -> str:
    assert admin.post("admin/backup/create", {"database": "litemaas"}).json()["data"]["state"] == "running"
    run_due(now=timezone.now())
    return admin.get("admin/backup/status").json()["data"]["backup"]["id"]


def test_what_is_missing_is_said(admin, settings):
    found = admin.get("admin/backup/capabilities").json()["data"]
    assert found == {
        "litemaasAvailable": True,
        "litellmAvailable": False,
        "litellmConfigured": False,
        "storagePath": "The folder of BACKUP_DIR",
        "problems": [],
    }
    settings.BACKUP_DIR = ""
    found = admin.get("admin/backup/capabilities").json()["data"]
    assert not found["litemaasAvailable"]
    assert "BACKUP_DIR" in found["problems"][0]
    assert admin.post("admin/backup/create", {"database": "litemaas"}).status_code == 503
    assert admin.get("admin/backup").json() == {"data": []}


def test_programs_of_the_wrong_version_are_named(admin, monkeypatch):
    monkeypatch.setattr("portal.backups.servers._installed", dict)
    answer = admin.post("admin/backup/create", {"database": "litemaas"})
    assert answer.status_code == 503
    assert "postgresql-client-" in answer.json()["message"]


def test_nothing_has_been_done_yet(auditor):
    assert auditor.get("admin/backup/status").json()["data"]["state"] == "idle"


def test_a_backup_is_made_listed_and_deleted(admin, auditor):
    job = admin.post("admin/backup/create", {"database": "litemaas"}).json()["data"]
    assert (job["state"], job["database"]) == ("running", "litemaas")
    again = admin.post("admin/backup/create", {"database": "litemaas"})
    assert (again.status_code, again.json()["code"]) == (409, "JOB_RUNNING")
    run_due(now=timezone.now())
    job = auditor.get("admin/backup/status").json()["data"]
    assert job["state"] == "completed"
    assert job["progress"]["tablesCompleted"] == job["progress"]["tablesTotal"] > 50
    assert job["progress"]["rowsProcessed"] == job["progress"]["rowsTotal"] > 0
    info = job["backup"]
    assert auditor.get("admin/backup").json()["data"] == [info]
    assert auditor.get(f"admin/backup/{info['id']}").json()["data"] == info
    assert info["metadata"]["tableCount"] == len(info["metadata"]["rowCounts"])
    assert admin.delete(f"admin/backup/{info['id']}").json()["success"] is True
    assert admin.get(f"admin/backup/{info['id']}").status_code == 404
    actions = (
        AuditEvent.objects.filter(resource_type="backup").order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["backup:create", "backup:delete"]


def test_the_download_is_a_stream_with_its_checksum(admin, made):
    answer = admin.get(f"admin/backup/{made}/download")
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "application/gzip"
    assert answer["Content-Disposition"] == f'attachment; filename="{made}"'
    assert int(answer["Content-Length"]) == len(content)
    assert answer["Repr-Digest"] == f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"
    assert gzip.decompress(content).startswith(b"PGDMP")
    assert AuditEvent.objects.filter(action="backup:download", resource_id=made).exists()


@pytest.mark.parametrize("act", ["download", "restore"])
def test_what_hurts_needs_a_recent_sign_in(admin, made, act):
    stale = ApiClient(admin.user, signed_in_at=timezone.now() - timedelta(hours=2))
    path = f"admin/backup/{made}/{act}"
    answer = stale.get(path) if act == "download" else stale.post(path, {"database": "litemaas"})
    assert (answer.status_code, answer.json()["code"]) == (403, "TOKEN_TOO_OLD")


def test_the_database_must_be_named_as_it_is(admin, made):
    answer = admin.post(f"admin/backup/{made}/restore", {"database": "litellm"})
    assert answer.status_code == 400
    assert answer.json()["details"]["validation"][0]["field"] == "database"
    assert admin.post(f"admin/backup/{made}/restore", {}).status_code == 400


def test_a_dry_run_says_what_would_come_back(admin, made):
    before = Job.objects.count()
    answer = admin.post(f"admin/backup/{made}/restore?dryRun=true", {"database": "litemaas"})
    assert answer.status_code == 200
    assert answer.json()["dryRun"] is True
    assert answer.json()["data"]["rowsRestored"] > 0
    assert Job.objects.count() == before


def test_a_restore_that_takes_long_is_a_job(admin, made):
    answer = admin.post(f"admin/backup/{made}/restore", {"database": "litemaas"})
    assert answer.status_code == 202
    assert answer.json()["data"]["success"] is None
    assert answer["Location"].endswith(answer.json()["jobId"])
    late = UserFactory.create()
    assert admin.delete(f"admin/backup/{made}").status_code == 409
    run_due(now=timezone.now())
    result = admin.get(f"jobs/{answer.json()['jobId']}").json()
    assert result["state"] == "succeeded"
    assert result["result"]["success"] is True
    assert admin.get(f"admin/users/{late.pk}").status_code == 404


def test_a_quick_one_is_answered_at_once(admin, made, monkeypatch):
    monkeypatch.setattr(backups, "PATIENCE", 20)

    def work() -> None:
        while not run_due(now=timezone.now()):
            stopped.wait(0.05)
        connection.close()

    stopped = threading.Event()
    worker = threading.Thread(target=work)
    worker.start()
    answer = admin.post(
        f"admin/backup/{made}/test-restore", {"database": "litemaas", "testSchemaName": "try_it"}
    )
    worker.join()
    assert answer.status_code == 200
    assert answer.json()["data"]["success"] is True
    assert answer.json()["data"]["testSchema"] == "try_it"


@pytest.mark.parametrize("name", ["Try", "1a", "a b", 'a"; DROP TABLE users', "x" * 64])
def test_a_schema_name_must_be_a_plain_one(admin, made, name):
    body = {"database": "litemaas", "testSchemaName": name}
    assert admin.post(f"admin/backup/{made}/test-restore", body).status_code == 400


def test_readers_may_look_only(auditor, made):
    assert auditor.get("admin/backup/capabilities").status_code == 200
    assert auditor.get(f"admin/backup/{made}/download").status_code == 403
    assert auditor.post("admin/backup/create", {"database": "litemaas"}).status_code == 403
    assert auditor.delete(f"admin/backup/{made}").status_code == 403
