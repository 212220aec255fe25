"""What we keep about the gateway: the outbox, and what it last said about spend."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q


class GatewayObjectQuerySet(models.QuerySet["GatewayObject"]):
    def dirty(self) -> "GatewayObjectQuerySet":
        """What the gateway has not confirmed yet."""
        return self.filter(applied__lt=F("requested"))

    def due(self, now: datetime) -> "GatewayObjectQuerySet":
        """Dirty, not refused for good, not waiting, and in nobody's hands."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        return self.dirty().filter(free, parked_at__isnull=True, not_before__lte=now)


class GatewayObject(models.Model):
    """One row for each portal object that LiteLLM must mirror. It holds no payload.

    `requested` counts the wishes, `applied` the wish that the gateway has confirmed. Whoever applies re-reads
    the portal's rows, so changes coalesce and an older state can never be applied last. `lease` says who works on it.
    """

    class Kind(models.TextChoices):
        """In the order in which the gateway needs them."""

        USER = "user"
        TEAM = "team"
        MEMBER = "member"
        KEY = "key"
        MODEL = "model"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    object_id = models.UUIDField()
    requested = models.BigIntegerField(default=1)
    applied = models.BigIntegerField(default=0)
    dirty_since = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    parked_at = models.DateTimeField(null=True, blank=True)
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
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
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


class GatewaySpendQuerySet(models.QuerySet["GatewaySpend"]):
    def of(self, kind: str, object_ids: Iterable[UUID]) -> "GatewaySpendQuerySet":
        return self.filter(kind=kind, object_id__in=list(object_ids))


class GatewaySpend(models.Model):
    """What the gateway said that an object has spent in its present budget window, and when it said so.

    One row for each object of the gateway: a portal key with two secrets has two. `gateway_id` is the gateway's name
    for it (a user's or team's id, "team/user" for a member, a key's token hash). US dollars. It counts towards budgets
    and may lag behind the ledger or undercount it (gateway.md §9): never a base for charging.
    """

    kind = models.CharField(max_length=10, choices=GatewayObject.Kind.choices)
    gateway_id = models.CharField(max_length=255)
    object_id = models.UUIDField()
    spend = models.DecimalField(max_digits=30, decimal_places=18)
    budget_reset_at = models.DateTimeField(null=True, blank=True)
    as_of = models.DateTimeField()

    objects = GatewaySpendQuerySet.as_manager()

    class Meta:
        db_table = "gateway_spends"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "gateway_id"], name="gateway_spend_is_one_per_gateway_object"
            ),
        ]
        indexes = [models.Index(fields=["kind", "object_id"], name="gateway_spend_of_object")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.spend}"


def spend_of(kind: str, object_id: str = "pk") -> Any:
    """A subquery that annotates rows of another table with their spend; NULL where the gateway never told.

    An object with several secrets has the sum of theirs.
    """
    return _snapshot(kind, object_id, models.Sum("spend"))


def budget_reset_of(kind: str, object_id: str = "pk") -> Any:
    """When the object's budget begins anew, for annotations."""
    return _snapshot(kind, object_id, models.Min("budget_reset_at"))


def spend_as_of(kind: str, object_id: str = "pk") -> Any:
    """How old `spend_of` is: the oldest part of the sum, for annotations."""
    return _snapshot(kind, object_id, models.Min("as_of"))


def _snapshot(kind: str, object_id: str, figure: models.Aggregate) -> Any:
    rows = GatewaySpend.objects.filter(kind=kind, object_id=models.OuterRef(object_id))
    # Grouped by a constant column of the filter: an aggregate in a subquery needs some group.
    return models.Subquery(rows.order_by().values("object_id").annotate(figure=figure).values("figure"))


class Claim:
    """A piece of work in our hands: the object, the wish that we are about to fulfil, and our lease."""

    __slots__ = ("kind", "lease", "object_id", "row_id", "wish")

    def __init__(self, row: GatewayObject, lease: UUID) -> None:
        self.row_id = row.pk
        self.kind = row.kind
        self.object_id = row.object_id
        self.wish = row.requested
        self.lease = lease


# Longer than the sum of all time-outs of one application, or two workers could work on one object.
LEASE = timedelta(seconds=90)
