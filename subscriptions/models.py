"""Who may use which model."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Model
from litemaas.errors import NotFound
from subscriptions import reasons

if TYPE_CHECKING:
    from accounts.models import Actor


_IS_USED_UP = Q(used_requests__gte=F("quota_requests")) | Q(used_tokens__gte=F("quota_tokens"))


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, actor: "Actor") -> "SubscriptionQuerySet":
        """Everybody sees the own ones, operators all of them; nobody what an administrator deleted."""
        kept = self.kept()
        return kept if actor.sees_everything else kept.filter(user=actor.pk)

    def kept(self) -> "SubscriptionQuerySet":
        return self.filter(deleted_at=None)

    def active(self) -> "SubscriptionQuerySet":
        return self.filter(status=Subscription.Status.ACTIVE)

    def current(self) -> "SubscriptionQuerySet":
        """Without those that have ended."""
        return self.exclude(status__in=[Subscription.Status.INACTIVE, Subscription.Status.EXPIRED])

    def expired_at(self, now: datetime) -> "SubscriptionQuerySet":
        return self.active().filter(expires_at__lte=now)

    def used_up(self, window_start: datetime) -> "SubscriptionQuerySet":
        """Active, and the quota of the window that began then is used up."""
        return self.active().filter(_IS_USED_UP, quota_window_start=window_start)

    def with_quota_left(self, window_start: datetime) -> "SubscriptionQuerySet":
        """Of those whose use is known: not used up, or a new window has begun."""
        return self.filter(~_IS_USED_UP | Q(quota_window_start__lt=window_start))

    def suspended_for_quota(self) -> "SubscriptionQuerySet":
        return self.filter(suspended_by=Subscription.SuspendedBy.QUOTA)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Subscription":
        try:
            return self.get(pk=pk)
        except Subscription.DoesNotExist:
            raise unknown_subscription() from None


def unknown_subscription() -> NotFound:
    return NotFound(_("This subscription does not exist, or it is not yours."))


class Subscription(models.Model):
    """A user's right to use a model. There is one row per user and model; it changes state, it is never doubled.

    What was used is of the quota's present window (a month of the reporting time zone) as the ledger told at
    `used_as_of`; NULL = not known. `forgiven_…` is the part of it that an administrator's reset takes off.
    """

    class SuspendedBy(models.TextChoices):
        """Who may lift a suspension: its owner only the own one."""

        OWNER = "owner", "Its owner"
        OPERATOR = "operator", "An administrator"
        QUOTA = "quota", "The quota"

    class Status(models.TextChoices):
        PENDING = "pending", gettext_lazy("Pending")
        ACTIVE = "active", gettext_lazy("Active")
        DENIED = "denied", gettext_lazy("Denied")
        SUSPENDED = "suspended", gettext_lazy("Suspended")
        INACTIVE = "inactive", gettext_lazy("Inactive")
        EXPIRED = "expired", gettext_lazy("Expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=10, choices=Status.choices)
    quota_requests = models.BigIntegerField()
    quota_tokens = models.BigIntegerField()
    # How far the owner may raise the quotas; NULL = to what the portal allows everybody.
    granted_requests = models.BigIntegerField(null=True, blank=True)
    granted_tokens = models.BigIntegerField(null=True, blank=True)
    used_requests = models.BigIntegerField(null=True, blank=True)
    used_tokens = models.BigIntegerField(null=True, blank=True)
    forgiven_requests = models.BigIntegerField(default=0)
    forgiven_tokens = models.BigIntegerField(default=0)
    quota_window_start = models.DateTimeField(null=True, blank=True)
    used_as_of = models.DateTimeField(null=True, blank=True)
    suspended_by = models.CharField(max_length=10, choices=SuspendedBy.choices, blank=True, default="")
    # The state that the return of a vanished model restores, with its reason; "" = the model did not take it.
    resumes_as = models.CharField(max_length=10, blank=True, default="")
    resumes_reason = models.CharField(max_length=500, blank=True, default="")
    # The model became restricted while this was suspended or gone: it comes back as a request.
    needs_approval = models.BooleanField(default=False)
    metadata = models.JSONField(default=dict, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    status_reason = models.CharField(max_length=500, blank=True, default="")
    status_changed_at = models.DateTimeField()
    status_changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # An administrator took it off all lists; the row stays for its history.
    deleted_at = models.DateTimeField(null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(used_requests__isnull=True, used_tokens__isnull=True, used_as_of__isnull=True)
                | Q(
                    used_requests__gte=0,
                    used_tokens__gte=0,
                    used_as_of__isnull=False,
                    quota_window_start__isnull=False,
                ),
                name="subscription_use_is_known_as_a_whole",
            ),
            models.CheckConstraint(
                condition=Q(forgiven_requests__gte=0, forgiven_tokens__gte=0),
                name="subscription_forgives_no_less_than_nothing",
            ),
            models.CheckConstraint(
                condition=Q(status="suspended") | Q(resumes_as="suspended") | Q(suspended_by=""),
                name="subscription_suspended_by_only_while_suspended",
            ),
            models.CheckConstraint(
                condition=~Q(status="suspended") | ~Q(suspended_by=""),
                name="subscription_suspension_has_its_author",
            ),
            models.CheckConstraint(
                condition=Q(resumes_as="")
                | Q(status="inactive", resumes_as__in=["pending", "active", "denied", "suspended"]),
                name="subscription_resumes_only_from_inactive",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(status__in=["inactive", "expired"], resumes_as=""),
                name="subscription_deleted_has_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="subscription_of_user"),
            models.Index(
                fields=["status", "-created_at", "id"],
                condition=Q(deleted_at__isnull=True),
                name="subscription_by_status",
            ),
            # Django admin lists the deleted ones too.
            models.Index(fields=["-created_at", "id"], name="subscription_by_creation"),
            models.Index(fields=["expires_at"], condition=Q(status="active"), name="subscription_expiry"),
            models.Index(fields=["model", "status"], name="subscription_of_model"),
            models.Index(fields=["quota_window_start"], name="subscription_by_quota_window"),
            models.Index(
                fields=["quota_window_start", "id"],
                condition=Q(status="active") & _IS_USED_UP,
                name="subscription_used_up",
            ),
            models.Index(fields=["id"], condition=Q(suspended_by="quota"), name="subscription_over_quota"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.model_id} ({self.status})"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    def is_over(self, now: datetime) -> bool:
        """Whether its time ran out, whatever state it is in."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def reason_text(self) -> str:
        return reasons.in_words(self.status_reason)

    @property
    def has_reason_of_portal(self) -> bool:
        """Nobody wrote it."""
        return reasons.is_of_the_portal(self.status_reason)


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
        indexes = [models.Index(fields=["changed_at"], name="subscription_history_by_time")]
        constraints = [
            # The pairs of `states.STEPS`; a test holds the two together.
            models.CheckConstraint(
                condition=Q(old_status="", new_status__in=["active", "pending"])
                | Q(old_status="pending", new_status__in=["active", "denied", "inactive"])
                | Q(old_status="denied", new_status__in=["active", "pending", "inactive"])
                | Q(
                    old_status="active",
                    new_status__in=["denied", "pending", "suspended", "inactive", "expired"],
                )
                | Q(old_status="suspended", new_status__in=["active", "pending", "suspended", "inactive"])
                | Q(old_status="inactive", new_status__in=["active", "pending", "denied", "suspended"])
                | Q(old_status="expired", new_status__in=["active", "pending"]),
                name="subscription_history_is_of_steps",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_status or '–'} → {self.new_status}"

    @property
    def reason_text(self) -> str:
        return reasons.in_words(self.reason)
