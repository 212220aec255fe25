"""Calls as the gateway tells them, what could not be read of them, and how far the gateway was read."""

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
    """One call as the gateway tells it. NULL = the gateway did not say.

    `identity` is a digest of source, request id and start (to the millisecond: what push and pull both tell), so reading
    a call again adds nothing. A second call with the same identity but other figures is kept apart: its own identity
    takes its figures in, and `same_id_as` names the first one. Who used it is written down when it comes in, without
    constraints, so later deletions change nothing; only `reattribute_usage` changes it. NULL = a key that we don't
    know. `requests` is 1, but for gateways that only tell sums of a day. Partitioned by month of `started_at` (UTC):
    see `usage.partitions`.
    """

    # With started_at the primary key in the database; as a digest it is unique alone too.
    identity = models.UUIDField(primary_key=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=30)
    request_id = models.CharField(max_length=255)
    same_id_as = models.UUIDField(null=True)
    figures_digest = models.BigIntegerField(help_text="Tells calls of one identity apart.")
    series_id = models.IntegerField(help_text="The line of the rollups that counts it.")
    model = models.CharField(max_length=255, help_text="The public name.")
    backend_model = models.CharField(max_length=255, help_text="What the provider calls it.")
    provider = models.CharField(max_length=100)
    deployment = models.CharField(max_length=255)
    api_key_id = models.UUIDField(null=True)
    token_hash = models.CharField(max_length=128)
    key_alias = models.CharField(max_length=255, help_text="The key's name at the gateway.")
    user_id = models.UUIDField(null=True)
    team_id = models.UUIDField(null=True)
    cost_center = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices)
    error_class = models.CharField(max_length=100)
    requests = models.BigIntegerField()
    prompt_tokens = models.BigIntegerField(null=True)
    completion_tokens = models.BigIntegerField(null=True)
    total_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost = cost_field(null=True)
    input_cost = cost_field(null=True)
    output_cost = cost_field(null=True)
    other_cost = cost_field(null=True, help_text="Tools, margin and discount, where the gateway tells them.")
    latency_ms = models.BigIntegerField(null=True)
    first_token_ms = models.BigIntegerField(null=True)
    call_type = models.CharField(max_length=60)
    tags = ArrayField(models.CharField(max_length=255), default=list)
    ingested_at = models.DateTimeField()

    objects = OwnedQuerySet["UsageLog"].as_manager()

    class Meta:
        db_table = "usage_logs"
        indexes = [
            models.Index(
                fields=["token_hash", "started_at"],
                condition=Q(api_key_id__isnull=True),
                name="usage_log_unattributed",
            ),
            models.Index(
                fields=["started_at"], condition=Q(same_id_as__isnull=False), name="usage_log_same_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} ({self.started_at:%Y-%m-%d %H:%M:%S})"


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


class ClosedMonth(models.Model):
    """A month (UTC) whose calls were detached from the ledger. Its sums stay; late rows of it are set aside."""

    month = models.DateTimeField(primary_key=True)
    closed_at = models.DateTimeField()

    class Meta:
        db_table = "usage_closed_months"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class SummedDay(models.Model):
    """A day (UTC) of which the gateway told sums but no calls.

    Once it `is_counted`, it is counted from those sums, as the gateway keeps no logs; log rows of it are set aside.
    Until then its logs may only be late.
    """

    day = models.DateField(primary_key=True)
    since = models.DateTimeField()
    is_counted = models.BooleanField(default=False)

    class Meta:
        db_table = "usage_summed_days"

    def __str__(self) -> str:
        return f"{self.day}"


class KeptAttribution(models.Model):
    """An operator's word on whose an unknown key is: what is used with it from then on is that key's, too."""

    token_hash = models.CharField(max_length=128, primary_key=True)
    api_key_id = models.UUIDField()
    since = models.DateTimeField()

    class Meta:
        db_table = "usage_kept_attributions"
        constraints = [
            models.CheckConstraint(condition=~Q(token_hash=""), name="usage_attribution_names_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.token_hash[:8]} is {self.api_key_id}"


class UsageBatch(models.Model):
    """Events as the gateway pushed them, kept until the worker has booked them: a queue on disk.

    `body` is what came, gunzipped, compressed again. A batch that can't be read at all stays, with `last_error`.
    """

    id = models.BigAutoField(primary_key=True)
    received_at = models.DateTimeField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body.")
    body = models.BinaryField()
    body_bytes = models.IntegerField(help_text="Before compression.")
    attempts = models.IntegerField(default=0)
    not_before = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "usage_batches"
        constraints = [
            # The same body sent again while it waits is the same batch.
            models.UniqueConstraint(fields=["digest"], name="usage_batch_waits_once")
        ]
        indexes = [models.Index(fields=["not_before", "id"], name="usage_batch_due")]

    def __str__(self) -> str:
        return f"batch {self.pk} of {self.received_at:%Y-%m-%d %H:%M:%S}"
