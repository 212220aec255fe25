"""What the gateway last said about spend."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models

from litellm_sync.models.outbox import GatewayObject


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
