"""Sums of calls: fine ones that any filter can ask, and coarse ones for questions about everybody.

Every table here is derived from `usage_logs` by `usage.rollups`. Dimensions are never NULL: the zero UUID stands for
"no key, user or team known", the empty text for "none". Sums hold what is known; `unpriced` counts the calls of unknown
cost, `timed` and `first_token_timed` those of known duration. Days and months are those of the zone in `RollupZone`.
"""

from typing import Any
from uuid import UUID

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from usage.models.logs import Status, cost_field

NOBODY = UUID(int=0)
SET_SIZE = 4096


class Series(models.Model):
    """What the fine rollups are about: one row per combination that was ever seen.

    `token_hash` names the key when it is one that we don't know, and is empty otherwise.
    """

    id = models.AutoField(primary_key=True)
    api_key_id = models.UUIDField(default=NOBODY)
    user_id = models.UUIDField(default=NOBODY)
    team_id = models.UUIDField(default=NOBODY)
    cost_center = models.CharField(max_length=100, blank=True, default="")
    token_hash = models.CharField(max_length=128, blank=True, default="")
    model = models.CharField(max_length=255, help_text="The public name.")
    provider = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices)
    error_class = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        db_table = "usage_series"
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "api_key_id",
                    "user_id",
                    "model",
                    "provider",
                    "status",
                    "error_class",
                    "team_id",
                    "cost_center",
                    "token_hash",
                ],
                name="usage_series_is_one_per_combination",
            )
        ]
        indexes = [
            models.Index(fields=["user_id"], name="usage_series_of_user"),
            models.Index(fields=["team_id"], name="usage_series_of_team"),
            models.Index(fields=["model"], name="usage_series_of_model"),
            models.Index(
                fields=["token_hash"], condition=~models.Q(token_hash=""), name="usage_series_of_unknown_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} by {self.user_id} ({self.status})"


class Sums(models.Model):
    requests = models.BigIntegerField()
    prompt_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    total_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    cost = cost_field()
    unpriced = models.BigIntegerField()
    latency_ms = models.BigIntegerField()
    timed = models.BigIntegerField()
    first_token_ms = models.BigIntegerField()
    first_token_timed = models.BigIntegerField()

    class Meta:
        abstract = True


class Distributions(models.Model):
    """Packed histograms: see `usage.histogram`. They merge by adding."""

    latency_histogram: Any = models.DecimalField(max_digits=800, decimal_places=0)
    first_token_histogram: Any = models.DecimalField(max_digits=800, decimal_places=0)

    class Meta:
        abstract = True


class Outcomes(models.Model):
    successes = models.BigIntegerField()
    failures = models.BigIntegerField()

    class Meta:
        abstract = True


def _by_time(time: str, name: str) -> BrinIndex:
    """For the many rows of one day or month, read in the order they lie in: see `usage.cubes.tables.Cube.when`."""
    moment = models.ExpressionWrapper(models.F(time) + 0, output_field=models.DateField())
    return BrinIndex(moment, name=name, pages_per_range=16, autosummarize=True)


class UsageQuarter(Sums, Distributions):
    """A quarter of an hour, in UTC, of one series. `bucket` is its beginning. Partitioned by month."""

    pk = models.CompositePrimaryKey("series_id", "bucket")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    bucket = models.DateTimeField()

    class Meta:
        db_table = "usage_quarters"
        indexes = [BrinIndex(fields=["bucket"], name="usage_quarter_by_time", pages_per_range=32)]

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M} {self.series_id}"


class UsageDay(Sums, Distributions):
    pk = models.CompositePrimaryKey("series_id", "day")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    day = models.DateField()

    class Meta:
        db_table = "usage_days"
        indexes = [BrinIndex(fields=["day"], name="usage_day_by_time", pages_per_range=32)]

    def __str__(self) -> str:
        return f"{self.day} {self.series_id}"


class UsageMonth(Sums, Distributions):
    """`month` is its first day."""

    pk = models.CompositePrimaryKey("series_id", "month")
    series = models.ForeignKey(Series, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    month = models.DateField()

    class Meta:
        db_table = "usage_months"
        indexes = [BrinIndex(fields=["month"], name="usage_month_by_time", pages_per_range=32)]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.series_id}"


class TotalQuarter(Sums, Distributions):
    """Everybody's quarter of an hour, in UTC."""

    pk = models.CompositePrimaryKey("bucket", "status")
    bucket = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices)

    class Meta:
        db_table = "usage_total_quarters"

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M} {self.status}"


class TotalDay(Sums, Distributions):
    pk = models.CompositePrimaryKey("day", "status")
    day = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices)

    class Meta:
        db_table = "usage_total_days"

    def __str__(self) -> str:
        return f"{self.day} {self.status}"


class TotalMonth(Sums, Distributions):
    pk = models.CompositePrimaryKey("month", "status")
    month = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices)

    class Meta:
        db_table = "usage_total_months"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.status}"


class _OfModel(Sums, Distributions):
    model = models.CharField(max_length=255)
    provider = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices)
    error_class = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        abstract = True


class ModelDay(_OfModel):
    pk = models.CompositePrimaryKey("day", "model", "provider", "status", "error_class")
    day = models.DateField()

    class Meta:
        db_table = "usage_model_days"

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class ModelMonth(_OfModel):
    pk = models.CompositePrimaryKey("month", "model", "provider", "status", "error_class")
    month = models.DateField()

    class Meta:
        db_table = "usage_model_months"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.model}"


class UserDay(Sums, Outcomes):
    pk = models.CompositePrimaryKey("day", "user_id")
    day = models.DateField()
    user_id = models.UUIDField()

    class Meta:
        db_table = "usage_user_days"
        indexes = [_by_time("day", "usage_user_day_by_time")]

    def __str__(self) -> str:
        return f"{self.day} {self.user_id}"


class UserMonth(Sums, Outcomes):
    pk = models.CompositePrimaryKey("month", "user_id")
    month = models.DateField()
    user_id = models.UUIDField()

    class Meta:
        db_table = "usage_user_months"
        indexes = [
            models.Index(fields=["user_id"], name="usage_month_of_user"),
            _by_time("month", "usage_user_month_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.user_id}"


class _OfKey(Sums, Outcomes):
    api_key_id = models.UUIDField()
    user_id = models.UUIDField()
    team_id = models.UUIDField()
    token_hash = models.CharField(max_length=128, blank=True, default="", help_text="Of a key we don't know.")

    class Meta:
        abstract = True


class KeyDay(_OfKey):
    pk = models.CompositePrimaryKey("day", "api_key_id", "user_id", "team_id", "token_hash")
    day = models.DateField()

    class Meta:
        db_table = "usage_key_days"
        indexes = [_by_time("day", "usage_key_day_by_time")]

    def __str__(self) -> str:
        return f"{self.day} {self.api_key_id}"


class KeyMonth(_OfKey):
    pk = models.CompositePrimaryKey("month", "api_key_id", "user_id", "team_id", "token_hash")
    month = models.DateField()

    class Meta:
        db_table = "usage_key_months"
        indexes = [_by_time("month", "usage_key_month_by_time")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.api_key_id}"


class TeamDay(Sums, Outcomes):
    pk = models.CompositePrimaryKey("day", "team_id")
    day = models.DateField()
    team_id = models.UUIDField()

    class Meta:
        db_table = "usage_team_days"

    def __str__(self) -> str:
        return f"{self.day} {self.team_id}"


class TeamMonth(Sums, Outcomes):
    pk = models.CompositePrimaryKey("month", "team_id")
    month = models.DateField()
    team_id = models.UUIDField()

    class Meta:
        db_table = "usage_team_months"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.team_id}"


class Visitor(models.Model):
    """The number of a person in the sets below. Given once, never changed."""

    id = models.AutoField(primary_key=True)
    user_id = models.UUIDField(unique=True)

    class Meta:
        db_table = "usage_visitors"

    def __str__(self) -> str:
        return f"{self.pk} {self.user_id}"


class BitsField(models.Field):  # type: ignore[type-arg]  # Django takes no arguments at run time
    """A set of numbers below `SET_SIZE`."""

    def db_type(self, connection: Any) -> str:
        return f"bit({SET_SIZE})"


class _Visitors(models.Model):
    """Who was there: distinct people can't be summed, but sets of them can be united.

    `dimension` is "provider", "model" or "team" and `label` one of its values, or both are empty for everybody. Set
    number `chunk` holds the visitors from `chunk * SET_SIZE` on.
    """

    dimension = models.CharField(max_length=8, blank=True, default="")
    label = models.CharField(max_length=255, blank=True, default="")
    chunk = models.IntegerField()
    users = BitsField()

    class Meta:
        abstract = True


class VisitorDay(_Visitors):
    pk = models.CompositePrimaryKey("dimension", "day", "label", "chunk")
    day = models.DateField()

    class Meta:
        db_table = "usage_visitor_days"

    def __str__(self) -> str:
        return f"{self.day} {self.dimension} {self.label}"


class VisitorMonth(_Visitors):
    pk = models.CompositePrimaryKey("dimension", "month", "label", "chunk")
    month = models.DateField()

    class Meta:
        db_table = "usage_visitor_months"

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.dimension} {self.label}"


class RollupZone(models.Model):
    """The time zone whose days the rollups hold. One row; the setting may be ahead of it until they are rebuilt."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=64)

    class Meta:
        db_table = "usage_rollup_zone"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="usage_rollup_zone_is_one")]

    def __str__(self) -> str:
        return self.name
