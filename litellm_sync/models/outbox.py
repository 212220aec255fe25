"""The outbox: which portal objects the gateway still has to be brought in line with."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q


class GatewayObjectQuerySet(models.QuerySet["GatewayObject"]):
    def dirty(self) -> "GatewayObjectQuerySet":
        """What the gateway has not confirmed yet."""
        return self.filter(applied__lt=F("requested"))

    def waiting(self) -> "GatewayObjectQuerySet":
        """Dirty, and nobody has given it up."""
        return self.dirty().filter(dropped_at__isnull=True)

    def parked(self) -> "GatewayObjectQuerySet":
        """Refused for good, and waiting for an operator's decision."""
        return self.waiting().filter(parked_at__isnull=False)

    def due(self, now: datetime) -> "GatewayObjectQuerySet":
        """Dirty, not refused for good, not waiting, and in nobody's hands."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        return self.dirty().filter(free, parked_at__isnull=True, not_before__lte=now)


class GatewayObject(models.Model):
    """One row for each portal object that LiteLLM must mirror. It holds no payload.

    `requested` counts the wishes, `applied` the wish that the gateway has confirmed. Whoever applies re-reads
    the portal's rows, so changes coalesce and an older state can never be applied last. `lease` says who works on it.
    A dropped wish is one that an operator gave up: nothing tries it again, and the object stays in error until its
    next change.
    """

    class Kind(models.TextChoices):
        """In the order in which the gateway needs them."""

        USER = "user"
        TEAM = "team"
        MEMBER = "member"
        KEY = "key"
        MODEL = "model"

    class Lane(models.IntegerChoices):
        """What somebody waits for goes before what a change of many objects, or a repair, leaves behind."""

        FRESH = 0
        BULK = 1

    kind = models.CharField(max_length=10, choices=Kind.choices)
    object_id = models.UUIDField()
    requested = models.BigIntegerField(default=1)
    applied = models.BigIntegerField(default=0)
    place = models.GeneratedField(
        expression=models.Case(
            *(models.When(kind=kind, then=models.Value(place)) for place, kind in enumerate(Kind.values)),
            default=models.Value(len(Kind.values)),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    lane = models.SmallIntegerField(choices=Lane.choices, default=Lane.FRESH)
    dirty_since = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    parked_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = GatewayObjectQuerySet.as_manager()

    class Meta:
        db_table = "gateway_objects"
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="gateway_object_is_one_per_object"),
            models.CheckConstraint(
                condition=Q(applied__gte=0) & Q(applied__lte=F("requested")),
                name="gateway_object_applied_never_ahead_of_requested",
            ),
            models.CheckConstraint(
                condition=Q(lease__isnull=True, leased_until__isnull=True)
                | Q(lease__isnull=False, leased_until__isnull=False),
                name="gateway_object_lease_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True) | Q(parked_at__isnull=False),
                name="gateway_object_dropped_was_parked",
            ),
            models.CheckConstraint(condition=Q(lane__in=[0, 1]), name="gateway_object_lane_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["lane", "place", "not_before", "id"],
                condition=Q(applied__lt=F("requested"), parked_at__isnull=True),
                name="gateway_object_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"

    @property
    def is_dirty(self) -> bool:
        return self.applied < self.requested

    @property
    def sync_status(self) -> str:
        """`synced`, `pending` or `error` (refused for good), as the REST contract names it."""
        if not self.is_dirty:
            return "synced"
        return "error" if self.parked_at else "pending"


def sync_status_of(kind: str, object_id: str = "pk") -> Any:
    """A subquery that annotates rows of another table with their `sync_status`."""
    return models.Subquery(
        GatewayObject.objects.filter(kind=kind, object_id=models.OuterRef(object_id)).values(
            status=models.Case(
                models.When(applied=F("requested"), then=models.Value("synced")),
                models.When(parked_at__isnull=False, then=models.Value("error")),
                default=models.Value("pending"),
            )
        )
    )


class Claim:
    """A piece of work in our hands: the object, the wish that we are about to fulfil, and our lease."""

    __slots__ = ("is_fresh", "kind", "lease", "object_id", "row_id", "wish")

    def __init__(self, row: GatewayObject, lease: UUID) -> None:
        self.row_id = row.pk
        self.kind = row.kind
        self.object_id = row.object_id
        self.wish = row.requested
        # Somebody waits for it.
        self.is_fresh = row.lane == GatewayObject.Lane.FRESH
        self.lease = lease


# Longer than the sum of all time-outs of one application, or two workers could work on one object.
LEASE = timedelta(seconds=90)
