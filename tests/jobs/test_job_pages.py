"""A job's page and the line that follows it."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job
from litemaas.web.progress import JobLine
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client):
    user = UserFactory()
    client.force_login(user)
    return user


def a_job(user, **facts):
    return Job.objects.create(kind="usage_export", created_by=user, created_at=timezone.now(), **facts)


def test_a_running_job_says_how_far_it_is_and_asks_again(client, person):
    begun = timezone.now() - timedelta(seconds=75)
    facts = {"lease": "0" * 32, "leased_until": timezone.now() + timedelta(seconds=60), "started_at": begun}
    job = a_job(person, state="running", done=250, total=1000, unit="rows", **facts)
    text = client.get(f"/jobs/{job.pk}").content.decode()
    assert "250 of 1,000" in re.sub(r"\s+", " ", text)
    assert "Export of usage" in text
    assert "for 1:15 so far" in text
    assert "you are told when it ends" in text
    assert 'href="/usage"' in text
    assert str(job.pk) in text
    assert 'hx-trigger="every 5s"' in text
    part = client.get(f"/jobs/{job.pk}/line", headers={"HX-Request": "true"}).content.decode()
    assert 'aria-valuenow="25.00"' in part
    assert "<html" not in part


def test_a_finished_one_stops_asking_and_offers_its_file(client, person):
    done = a_job(person, state="succeeded", finished_at=timezone.now(), file_name="usage.csv")
    text = client.get(f"/jobs/{done.pk}").content.decode()
    assert "hx-trigger" not in text.split('id="job-')[1].split("</div>")[0]
    assert f"/api/v1/jobs/{done.pk}/file" in text
    failed = a_job(person, state="failed", finished_at=timezone.now(), error="The disk is full.")
    text = client.get(f"/jobs/{failed.pk}").content.decode()
    assert "The disk is full." in text
    assert "you are told when it ends" not in text


def test_a_line_says_in_the_readers_words_what_goes_on_and_what_it_works_on(client, person):
    running = {"state": "running", "lease": "0" * 32, "leased_until": timezone.now(), "created_by": person}
    facts = {**running, "created_at": timezone.now(), "started_at": timezone.now()}
    compare = Job.objects.create(kind="gateway-sync", message="API keys", **facts)
    restore = Job.objects.create(
        kind="backup-restore", done=2_097_152, unit="bytes", arguments={"backupId": "the-backup"}, **facts
    )
    person.preferences = {"language": "de"}
    person.save()
    client.cookies["django_language"] = "de"
    assert "API-Schlüssel" in client.get(f"/jobs/{compare.pk}/line").content.decode()
    text = client.get(f"/jobs/{restore.pk}/line").content.decode()
    assert "the-backup" in text
    assert "2,0\xa0MB" in text


def test_cancelling_twice_is_said_and_changes_nothing_more(client, person):
    job = a_job(person)
    assert client.post(f"/jobs/{job.pk}/cancel", follow=True).status_code == 200
    again = client.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert "This job has finished." in again.content.decode()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_line_asks_less_often_the_longer_it_lasts():
    lines = [JobLine("x", "x", "running", elapsed=timedelta(seconds=s)) for s in (5, 60, 600)]
    assert [line.asks_every for line in lines] == [2, 5, 10]


def test_a_job_of_a_kind_that_is_gone_still_has_a_page(client, person):
    job = Job.objects.create(kind="of-old", created_by=person, created_at=timezone.now())
    assert "of-old" in client.get(f"/jobs/{job.pk}").content.decode()
