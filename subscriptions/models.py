"""Who may use which model."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Model
from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, actor: "Actor") -> "SubscriptionQuerySet":
        return self if actor.sees_everything else self.filter(user=actor.pk)

    def active(self) -> "SubscriptionQuerySet":
        return self.filter(status=Subscription.Status.ACTIVE)

    def current(self) -> "SubscriptionQuerySet":
        """Without those that have ended."""
        return self.exclude(status__in=[Subscription.Status.INACTIVE, Subscription.Status.EXPIRED])

    def expired_at(self, now: datetime) -> "SubscriptionQuerySet":
        return self.active().filter(expires_at__lte=now)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Subscription":
        try:
            return self.get(pk=pk)
        except Subscription.DoesNotExist:
            raise NotFound("This subscription does not exist, or it is not yours.") from None


class Subscription(models.Model):
    """A user's right to use a model. There is one row per user and model; it changes state, it is never doubled."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        ACTIVE = "active", "Active"
        DENIED = "denied", "Denied"
        SUSPENDED = "suspended", "Suspended"
        INACTIVE = "inactive", "Inactive"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=10, choices=Status.choices)
    quota_requests = models.BigIntegerField()
    quota_tokens = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    status_reason = models.CharField(max_length=500, blank=True, default="")
    status_changed_at = models.DateTimeField()
    status_changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "subscriptions"
        constraints = [
            models.UniqueConstraint(fields=["user", "model"], name="subscription_is_one_per_user_and_model"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "active", "denied", "suspended", "inactive", "expired"]),
                name="subscription_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(quota_requests__gte=1, quota_tokens__gte=1),
                name="subscription_quotas_are_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="subscription_of_user"),
            models.Index(fields=["status", "-created_at"], name="subscription_by_status"),
            models.Index(fields=["expires_at"], condition=Q(status="active"), name="subscription_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.model_id} ({self.status})"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE


class StatusChange(models.Model):
    """One step of a subscription's life. `changed_by` NULL = the system."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="history")
    old_status = models.CharField(max_length=10, blank=True, default="")
    new_status = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True, default="")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "subscription_status_history"
        ordering = ["changed_at", "id"]

    def __str__(self) -> str:
        return f"{self.old_status or '–'} → {self.new_status}"
