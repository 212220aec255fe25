"""A job is done once, whatever dies meanwhile; it says how far it is, and stops when asked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import SYSTEM
from jobs import registry, running, services
from jobs.models import LEASE, Job, JobChunk
from litemaas import errors
from notifications.models import Notification
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kind():
    """Registers a handler under a name of its own."""
    names = []

    def register(handler):
        name = f"test-{uuid4().hex[:8]}"
        registry.register(name, "A test", handler)
        names.append(name)
        return name

    yield register
    for name in names:
        registry._kinds.pop(name)


def start(kind, user=None, **parts):
    with transaction.atomic():
        return services.start_job(kind=kind, actor=user or SYSTEM, now=timezone.now(), **parts)


def client_of(user):
    return ApiClient(user)


def test_a_job_runs_with_its_arguments_and_gives_its_result(kind):
    job = start(kind(lambda run: {"sum": sum(run.arguments["numbers"])}), arguments={"numbers": [1, 2]})
    assert running.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"sum": 3})


def test_a_finished_job_is_not_run_again(kind):
    calls = []
    job = start(kind(calls.append))
    assert [running.run_job(job.pk), running.run_job(job.pk)] == [True, False]
    assert len(calls) == 1


def test_one_in_a_workers_hands_is_left_alone_until_its_lease_ends(kind):
    calls = []
    job = start(kind(lambda run: calls.append(1)))
    now = timezone.now()
    running._claim(job.pk, now)
    assert running.run_due(now=now + LEASE / 2) == 0
    assert not running.run_job(job.pk, now=now + LEASE / 2)
    assert running.run_job(job.pk, now=now + LEASE * 2)
    assert calls == [1]


def test_a_worker_that_was_taken_over_changes_nothing_more(kind):
    def slow(run):
        Job.objects.filter(pk=run.job_id).update(lease=uuid4())
        run.report(1, 2, force=True)

    job = start(kind(slow))
    running.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", 0)


def test_a_job_whose_worker_dies_each_time_fails_at_last_and_its_owner_is_told(kind):
    user = UserFactory()
    job = start(kind(lambda run: None), user)
    now = timezone.now()
    for attempt in range(3):
        assert running._claim(job.pk, now + LEASE * 2 * attempt)
    assert running._claim(job.pk, now + LEASE * 8) is None
    job.refresh_from_db()
    assert job.state == "failed"
    assert Notification.objects.get(user=user).title_text == "Failed: A test"


def test_a_refusal_is_the_jobs_error_and_a_bug_keeps_its_words_for_the_log(kind):
    def refuse(run):
        raise errors.Conflict("The month is closed.")

    def break_down(run):
        raise RuntimeError("secret words")

    refused, broken = start(kind(refuse)), start(kind(break_down))
    running.run_job(refused.pk)
    with pytest.raises(RuntimeError):
        running.run_job(broken.pk)
    refused.refresh_from_db()
    broken.refresh_from_db()
    assert (refused.state, refused.error) == ("failed", "The month is closed.")
    assert broken.state == "failed"
    assert "secret" not in broken.error


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_at_its_next_report(kind):
    user = UserFactory()
    queued = start(kind(lambda run: None), user)
    assert services.cancel_job(actor=user, job_id=queued.pk, now=timezone.now()).state == "cancelled"
    assert not running.run_job(queued.pk)

    def work(run):
        services.cancel_job(actor=user, job_id=run.job_id, now=timezone.now())
        run.report(1, 2, force=True)
        raise AssertionError("went on")

    job = start(kind(work), user)
    running.run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    with pytest.raises(errors.Conflict):
        services.cancel_job(actor=user, job_id=job.pk, now=timezone.now())


def test_jobs_that_exclude_each_other_run_one_at_a_time(kind):
    name = kind(lambda run: None)
    first = start(name, exclusive="backup")
    with pytest.raises(services.JobRunning) as refusal:
        start(name, exclusive="backup")
    assert refusal.value.data["jobId"] == str(first.pk)
    running.run_job(first.pk)
    start(name, exclusive="backup")


def test_a_job_of_a_transaction_that_is_undone_does_not_exist(kind):
    name = kind(lambda run: None)
    with transaction.atomic():
        services.start_job(kind=name, actor=SYSTEM, now=timezone.now())
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_a_file_is_read_as_it_was_written_by_its_author_alone(kind):
    user, content = UserFactory(), bytes(range(256)) * 6000

    def export(run):
        run.begin_file("out.csv", "text/csv")
        run.write(content[:1000])
        run.write(content[1000:])

    job = start(kind(export), user)
    # What a worker left that died on the way.
    JobChunk.objects.create(job=job, attempt=0, position=0, data=b"half")
    running.run_job(job.pk)
    answer = client_of(user).get(f"jobs/{job.pk}/file")
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"] == 'attachment; filename="out.csv"'
    assert client_of(UserFactory(is_operator=True)).get(f"jobs/{job.pk}/file").status_code == 404


def test_one_sees_ones_own_jobs_and_operators_all(kind):
    user = UserFactory()
    job = start(kind(lambda run: {"n": 1}), user)
    running.run_job(job.pk)
    shown = client_of(user).get(f"jobs/{job.pk}").json()
    assert (shown["state"], shown["result"]) == ("succeeded", {"n": 1})
    assert client_of(user).get("jobs", {"state": "succeeded"}).json()["pagination"]["total"] == 1
    assert client_of(user).get("jobs", {"state": "lost"}).status_code == 400
    assert client_of(UserFactory()).get(f"jobs/{job.pk}").status_code == 404
    auditor = client_of(UserFactory(is_auditor=True))
    assert auditor.get("jobs").json()["pagination"]["total"] == 1


def test_those_who_only_read_cancel_no_job_of_others(kind):
    job = start(kind(lambda run: None), UserFactory())
    assert client_of(UserFactory(is_auditor=True)).post(f"jobs/{job.pk}/cancel").status_code == 403
    assert client_of(UserFactory()).post(f"jobs/{job.pk}/cancel").status_code == 404
    admin = client_of(UserFactory(is_operator=True))
    assert admin.post(f"jobs/{job.pk}/cancel").json()["state"] == "cancelled"
    assert admin.post(f"jobs/{job.pk}/cancel").status_code == 409


def test_old_jobs_go_with_their_files(kind):
    job = start(kind(lambda run: run.begin_file("a", "text/plain") or run.write(b"x")))
    running.run_job(job.pk)
    assert services.forget_old(now=timezone.now() + services.KEPT - timedelta(days=1)) == 0
    assert services.forget_old(now=timezone.now() + services.KEPT + timedelta(days=1)) == 1
    assert not JobChunk.objects.exists()
