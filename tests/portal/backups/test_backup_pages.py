"""Operators make, test, restore and delete backups on one page, and set when they are made by themselves."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts import options
from accounts.models import SYSTEM, AuditEvent
from jobs.models import Job
from jobs.running import run_job
from portal.backups import plan, services, store
from tests.factories import UserFactory
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "/operations/settings/backup"
LONG_AGO = timedelta(hours=2)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.BACKUP_DIR = str(tmp_path)
    return tmp_path


@pytest.fixture
def operator():
    return UserFactory(username="ada", is_operator=True)


@pytest.fixture
def console(operator):
    return signed_in(operator)


def finish():
    job = Job.objects.get(state=Job.State.QUEUED)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED, job.error
    return job


def make(console):
    assert console.post(f"{HERE}/start/litemaas")["Location"] == HERE
    finish()
    return store.backups()[0]


def test_without_a_folder_and_without_a_gateways_database_the_page_says_so(console, settings):
    settings.BACKUP_DIR = ""
    page = console.get(HERE).text
    assert "BACKUP_DIR must name a folder" in page
    assert "GATEWAY_DATABASE_URL is not set" in page
    assert "Start backup" not in page


def test_one_goes_on_at_a_time(console):
    console.post(f"{HERE}/start/litemaas")
    page = console.get(HERE).text
    assert "Back up a database" in page
    assert "Wait for its end" in page
    again = console.post(
        f"{HERE}/start/litemaas", headers={"referer": f"http://testserver{HERE}"}, follow=True
    )
    assert "This is running already" in again.text
    assert Job.objects.count() == 1


def test_a_backup_is_listed_downloaded_tested_and_deleted(console):
    backup = make(console)
    page = console.get(HERE).text
    assert backup.id in page
    assert backup.content_sha256[:12] in page
    assert "aria-sort" in console.get(f"{HERE}?sort=-size&columns=size").text
    told = console.get(f"{HERE}?format=csv&columns=checksum.version").getvalue().decode()
    assert told.startswith("\ufeffTime,Checksum,Version")
    assert backup.content_sha256 in told
    answer = console.get(f"{HERE}/{backup.id}/download")
    assert gzip.decompress(b"".join(answer.streaming_content))[:5] == b"PGDMP"
    assert backup.id in answer["Content-Disposition"]

    asked = console.get(f"{HERE}/{backup.id}/test").text
    assert 'value="litemaas_test_' in asked
    assert "small letters" in console.post(f"{HERE}/{backup.id}/test", {"name": "Drop Table"}).text
    console.post(f"{HERE}/{backup.id}/test", {"name": "litemaas_page_test"})
    finish()
    assert "All rows agree" in (shown := console.get(HERE).text)
    assert "litemaas_page_test" in shown

    assert "Delete this backup?" in console.get(f"{HERE}/{backup.id}/delete").text
    console.post(f"{HERE}/{backup.id}/delete")
    assert store.backups() == []


def test_a_restore_starts_only_with_the_databases_name(console):
    backup = make(console)
    assert "What is there now is replaced" in console.get(f"{HERE}/{backup.id}/restore").text
    wrong = console.post(f"{HERE}/{backup.id}/restore", {"confirm": "litellm"})
    assert "The text does not match." in wrong.text
    assert not Job.objects.filter(kind=services.RESTORE).exists()
    console.post(f"{HERE}/{backup.id}/restore", {"confirm": "litemaas"})
    finish()
    assert "Restored" in console.get(HERE).text


@pytest.mark.parametrize("act", ["download", "restore", "delete"])
def test_what_leaves_or_destroys_asks_for_a_recent_sign_in(operator, act):
    backup_id = "litemaas-20261126T000000Z-00000000.dump.gz"
    answer = signed_in(operator, ago=LONG_AGO).get(f"{HERE}/{backup_id}/{act}")
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]


# --- by themselves


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAILY = {"backupSchedule": "daily", "backupHour": 3, "backupKeepDays": 30}
WEEKLY = {**DAILY, "backupSchedule": "weekly"}


@pytest.mark.parametrize(
    ("chosen", "now", "last", "coming"),
    [
        (DAILY, "2026-11-26T02:59", "2026-11-25T03:00", "2026-11-26T03:00"),
        (DAILY, "2026-11-26T03:00", "2026-11-26T03:00", "2026-11-27T03:00"),
        (WEEKLY, "2026-11-26T12:00", "2026-11-22T03:00", "2026-11-29T03:00"),
        (WEEKLY, "2026-11-29T02:00", "2026-11-22T03:00", "2026-11-29T03:00"),
    ],
)
def test_when_a_backup_is_due(chosen, now, last, coming):
    assert plan.turn_before(at(now), chosen) == at(last)
    assert plan.turn_after(at(now), chosen) == at(coming)


def test_nothing_is_due_without_a_schedule():
    assert plan.make_due(now=timezone.now()) == []


def test_a_due_backup_is_made_once_however_often_one_looks(console):
    now = timezone.now()
    sent = {"backup_schedule": "daily", "backup_hour": str(now.astimezone(UTC).hour), "backup_keep_days": "5"}
    assert console.post(HERE, sent).status_code == 302
    assert "The next backup is due at" in console.get(HERE).text
    [job] = plan.make_due(now=now)
    assert job.created_by is None
    assert plan.make_due(now=now) == []
    finish()
    assert plan.make_due(now=now) == []
    assert len(plan.make_due(now=now + timedelta(days=1))) == 1
    assert AuditEvent.objects.filter(action="backup:create").count() == 2


def test_a_turn_that_was_missed_for_long_is_left_out(operator):
    now = timezone.now()
    hour = (now.astimezone(UTC) - timedelta(hours=13)).hour
    options.change_options(
        actor=operator, values={"backupSchedule": "daily", "backupHour": hour}, action="TEST", now=now
    )
    assert plan.make_due(now=now) == []


def test_backups_are_kept_as_long_as_was_set(operator):
    for _ in range(4):
        services.start_backup(actor=SYSTEM, database="litemaas", now=timezone.now())
        finish()
    values = {"backupKeepDays": 2}
    options.change_options(actor=operator, values=values, action="TEST", now=timezone.now())
    assert services.forget_old(now=timezone.now() + timedelta(days=1)) == 0
    assert services.forget_old(now=timezone.now() + timedelta(days=3)) == 1
