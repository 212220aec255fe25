"""Long tasks: what was asked, how far it is, and what came of it."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor

# A worker that has not reported for so long is taken for dead, and another one starts the job again.
LEASE = timedelta(seconds=120)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, actor: "Actor") -> "JobQuerySet":
        """Operators see every job, others their own."""
        return self if actor.sees_everything else self.filter(created_by_id=actor.pk)

    def open(self) -> "JobQuerySet":
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])

    def due(self, now: datetime) -> "JobQuerySet":
        """Queued, or left behind by a worker that died."""
        return self.open().filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Job":
        try:
            return self.get(pk=pk)
        except Job.DoesNotExist:
            raise NotFound(_("This job does not exist, or it is not yours.")) from None


class Job(models.Model):
    """One run of one kind of work. `arguments` never hold a secret. `total` NULL = not known."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    # Jobs that share it run one at a time.
    exclusive = models.CharField(max_length=100, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    arguments = models.JSONField(default=dict, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=40, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    file_name = models.CharField(max_length=200, blank=True, default="")
    file_type = models.CharField(max_length=100, blank=True, default="")

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        constraints = [
            models.UniqueConstraint(
                fields=["exclusive"],
                condition=Q(state__in=["queued", "running"]),
                name="job_runs_alone_where_it_must",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False),
                name="job_is_finished_iff_it_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease__isnull=False, leased_until__isnull=False)
                | (~Q(state="running") & Q(lease__isnull=True, leased_until__isnull=True)),
                name="job_is_leased_iff_running",
            ),
            models.CheckConstraint(
                condition=Q(done__gte=0) & (Q(total__isnull=True) | Q(total__gte=F("done"))),
                name="job_does_no_more_than_all",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="job_by_time"),
            models.Index(fields=["created_by", "-created_at", "id"], name="job_of_user"),
            models.Index(
                fields=["created_at"], condition=Q(state__in=["queued", "running"]), name="job_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None


class JobChunk(models.Model):
    """A piece of the file that a job made, kept where every replica can read it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    # A worker that was taken for dead may still write; what counts is what the last attempt wrote.
    attempt = models.IntegerField()
    position = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "job_chunks"
        constraints = [
            models.UniqueConstraint(
                fields=["job", "attempt", "position"], name="job_chunk_has_its_place_alone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} [{self.position}]"
