"""One change of limits for many people (contract §11)."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from jobs.models import Job
from jobs.running import run_due
from portal import bulk_limits
from portal.api import bulk_limits as view
from tests.factories import UserFactory

PATH = "admin/users/bulk-update-limits"


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(bulk_limits, "FEW", 3)
    monkeypatch.setattr(view, "PATIENCE", 0)


def test_many_are_done_by_a_job_with_progress_and_result(admin):
    UserFactory.create_batch(5)
    answer = admin.post(PATH, {"tpmLimit": 0, "maxBudget": "2.5"})
    body = answer.json()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/jobs/{body['jobId']}")
    assert (body["totalUsers"], body["successCount"], body["errors"]) == (6, 0, [])
    assert admin.post(PATH, {"tpmLimit": 1}).json()["code"] == "JOB_RUNNING"
    run_due(now=timezone.now())
    job = admin.get(f"jobs/{body['jobId']}").json()
    assert (job["state"], job["progress"]["done"], job["progress"]["total"]) == ("succeeded", 6, 6)
    assert job["result"] == {"totalUsers": 6, "successCount": 6, "failedCount": 0, "errors": []}
    assert User.objects.filter(tpm_limit=0, max_budget="2.5").count() == 6
    assert AuditEvent.objects.filter(action="BULK_USER_LIMITS").count() == 6


def test_a_second_worker_that_takes_over_repeats_nothing(admin):
    UserFactory.create_batch(5)
    job = Job.objects.get(pk=admin.post(PATH, {"rpmLimit": 7}).json()["jobId"])
    run_due(now=timezone.now())
    Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None)
    run_due(now=timezone.now())
    assert AuditEvent.objects.filter(action="BULK_USER_LIMITS").count() == 6


def test_a_dry_run_counts_and_names_them(admin, django_assert_max_num_queries):
    UserFactory.create_batch(30)
    with django_assert_max_num_queries(8):
        body = admin.post(f"{PATH}?dryRun=true", {"rpmLimit": 1}).json()
    assert (body["dryRun"], body["affected"]["users"], len(body["affected"]["samples"])) == (True, 31, 20)
    assert not User.objects.filter(rpm_limit=1).exists()


@pytest.mark.parametrize(
    "body", [{"maxBudget": -1}, {"maxBudget": ""}, {"rpmLimit": 2**31}, {"role": "king"}]
)
def test_what_is_wrong_is_refused_before_anything_is_done(admin, body):
    UserFactory.create_batch(5)
    assert admin.post(PATH, {"tpmLimit": 1, **body}).status_code == 400
    assert not Job.objects.exists()
