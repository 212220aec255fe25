"""The ledger of what was used: one row per call of the gateway, sums of them, and how far it was read."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from accounts.models import Actor

# Dollars. LiteLLM computes in binary floats, whose digits go as far as the 25th place for a cent's fraction: with 18
# places the last ones that it reported would be lost.
COST_DIGITS, COST_PLACES = 42, 30

M = TypeVar("M", bound=models.Model)


def cost_field(**options: object) -> "models.DecimalField[object, object]":
    return models.DecimalField(max_digits=COST_DIGITS, decimal_places=COST_PLACES, **options)  # type: ignore[arg-type]


class OwnedQuerySet(models.QuerySet[M]):
    def visible_to(self, actor: "Actor") -> Self:
        """Operators see everybody's usage, others their own."""
        return self if actor.sees_everything else self.filter(user_id=actor.pk)


class Status(models.TextChoices):
    SUCCESS = "success", "Success"
    FAILURE = "failure", "Failure"
    UNKNOWN = "unknown", "Unknown"


class UsageLog(models.Model):
    """One call as the gateway tells it, never changed. NULL = the gateway did not say.

    `source`, `request_id` and `started_at` are its identity: reading it again adds nothing. Who used it is written
    down when it comes in, without constraints, so later deletions change nothing. NULL = a key that we don't know.
    Partitioned by month of `started_at` (UTC): see `usage.partitions`.
    """

    # With started_at the primary key in the database; a sequence makes it unique alone too.
    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=30)
    request_id = models.CharField(max_length=255)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    model = models.CharField(max_length=255, help_text="The public name.")
    provider = models.CharField(max_length=100)
    deployment = models.CharField(max_length=255)
    api_key_id = models.UUIDField(null=True)
    token_hash = models.CharField(max_length=128)
    user_id = models.UUIDField(null=True)
    team_id = models.UUIDField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    error_class = models.CharField(max_length=100)
    prompt_tokens = models.BigIntegerField(null=True)
    completion_tokens = models.BigIntegerField(null=True)
    total_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost = cost_field(null=True)
    latency_ms = models.BigIntegerField(null=True)
    call_type = models.CharField(max_length=60)
    tags = ArrayField(models.CharField(max_length=255), default=list)
    ingested_at = models.DateTimeField()

    objects = OwnedQuerySet["UsageLog"].as_manager()

    class Meta:
        db_table = "usage_logs"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "request_id", "started_at"], name="usage_log_is_one_per_call"
            ),
        ]
        indexes = [
            models.Index(fields=["user_id", "started_at"], name="usage_log_of_user"),
            models.Index(fields=["started_at"], name="usage_log_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} ({self.started_at:%Y-%m-%d %H:%M:%S})"


class Rollup(models.Model):
    """Sums of calls that agree in key, user, model, provider and status.

    Sums hold what is known; `unpriced` counts the calls of unknown cost, `timed` those of known latency.
    """

    api_key_id = models.UUIDField(null=True)
    user_id = models.UUIDField(null=True)
    model = models.CharField(max_length=255)
    provider = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices)
    requests = models.BigIntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    total_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    cost = cost_field()
    unpriced = models.BigIntegerField()
    latency_ms = models.BigIntegerField()
    timed = models.BigIntegerField()

    class Meta:
        abstract = True


_GROUP = ["user_id", "api_key_id", "model", "provider", "status"]


class UsageQuarter(Rollup):
    """A quarter of an hour, in UTC. `bucket` is its beginning."""

    bucket = models.DateTimeField()

    objects = OwnedQuerySet["UsageQuarter"].as_manager()

    class Meta:
        db_table = "usage_quarters"
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", *_GROUP], name="usage_quarter_is_one_per_group", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["user_id", "bucket"], name="usage_quarter_of_user")]

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M} {self.model}"


class UsageDay(Rollup):
    """A day of settings.REPORTING_TIME_ZONE."""

    day = models.DateField()

    objects = OwnedQuerySet["UsageDay"].as_manager()

    class Meta:
        db_table = "usage_days"
        constraints = [
            models.UniqueConstraint(
                fields=["day", *_GROUP], name="usage_day_is_one_per_group", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["user_id", "day"], name="usage_day_of_user")]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class UsageReject(models.Model):
    """A row that can't be counted, and why. Kept once, however often the gateway repeats it.

    `row` holds the facts that say which call it was, never prompts or answers.
    """

    source = models.CharField(max_length=30)
    fingerprint = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=100)
    request_id = models.CharField(max_length=255, blank=True)
    row = models.JSONField()
    rejected_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "usage_rejects"

    def __str__(self) -> str:
        return f"{self.reason}: {self.request_id or 'no request id'}"


class UsageCursor(models.Model):
    """How far a source was read: all calls that began from `begun_at` to `position`, but for late ones."""

    source = models.CharField(max_length=30, primary_key=True)
    begun_at = models.DateTimeField()
    position = models.DateTimeField()
    moved_at = models.DateTimeField(help_text="The clock when the position was reached.")

    class Meta:
        db_table = "usage_cursors"
        constraints = [
            models.CheckConstraint(
                condition=Q(begun_at__lte=F("position")), name="usage_cursor_begins_before_its_end"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} until {self.position:%Y-%m-%d %H:%M:%S}"


class BackfilledWindow(models.Model):
    """A window of the past that was read to its end."""

    source = models.CharField(max_length=30)
    start = models.DateTimeField()
    end = models.DateTimeField()
    rows = models.BigIntegerField(help_text="Rows that the gateway gave for it.")
    finished_at = models.DateTimeField()

    class Meta:
        db_table = "usage_backfilled_windows"
        constraints = [
            models.UniqueConstraint(fields=["source", "start", "end"], name="usage_window_is_finished_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.start:%Y-%m-%d %H:%M} – {self.end:%Y-%m-%d %H:%M}"
