"""Budgets as the ledger sees them: thresholds, alerts that were raised, where they were sent, what was forecast."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from usage.models.logs import COST_DIGITS, COST_PLACES

if TYPE_CHECKING:
    from accounts.models import Actor

DEFAULT_THRESHOLDS = [50, 80, 100]


def _amount(**options: Any) -> "models.DecimalField[Any, Any]":
    """US dollars, as exact as the ledger."""
    return models.DecimalField(max_digits=COST_DIGITS, decimal_places=COST_PLACES, **options)


class BudgetKind(models.TextChoices):
    """Whose budget. The object is a user, a team or an API key."""

    USER = "user", "User"
    TEAM = "team", "Team"
    KEY = "key", "API key"


_KIND_IS_KNOWN = Q(kind__in=["user", "team", "key"])


class AlertThresholds(models.Model):
    """At how many per cent of a budget somebody wants to hear. Without a row `DEFAULT_THRESHOLDS` hold."""

    kind = models.CharField(max_length=4, choices=BudgetKind.choices)
    object_id = models.UUIDField()
    percents = ArrayField(models.SmallIntegerField(), size=10)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "budget_alert_thresholds"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"], name="budget_thresholds_are_one_per_object"
            ),
            models.CheckConstraint(condition=_KIND_IS_KNOWN, name="budget_thresholds_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.percents}"


class BudgetAlert(models.Model):
    """A threshold that was crossed: once per object, window and threshold, by this constraint.

    `threshold` is in per cent of the budget; 0 stands for the soft budget, `max_budget` is then that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=4, choices=BudgetKind.choices)
    object_id = models.UUIDField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField(null=True)
    threshold = models.SmallIntegerField()
    spend = _amount()
    max_budget = _amount()
    name = models.CharField(max_length=255, help_text="The object's name when it was raised.")
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "budget_alerts"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "window_start", "threshold"],
                name="budget_alert_is_raised_once_per_window",
            ),
            models.CheckConstraint(condition=_KIND_IS_KNOWN, name="budget_alert_kind_is_known"),
        ]
        indexes = [models.Index(fields=["-raised_at"], name="budget_alert_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} at {self.threshold} %"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, actor: "Actor") -> Self:
        """Operators alone."""
        return self if actor.sees_everything else self.none()

    def active(self) -> Self:
        return self.filter(is_active=True)


class Webhook(models.Model):
    """An address that is told of every budget alert. `sealed_secret` signs what is sent."""

    audit_type = "webhook"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=255, blank=True, default="")
    sealed_secret = models.BinaryField(editable=False)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = WebhookQuerySet.as_manager()

    class Meta:
        db_table = "usage_webhooks"
        constraints = [models.UniqueConstraint(fields=["url"], name="webhook_url_is_unique")]

    def __str__(self) -> str:
        return self.url


class AlertDelivery(models.Model):
    """One alert to one webhook: tried again, less and less often, until it arrives or is given up. (Mails of alerts
    are letters of the app `notifications`.)"""

    alert = models.ForeignKey(BudgetAlert, on_delete=models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="NULL = done, or given up.")
    delivered_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "budget_alert_deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "webhook"], name="budget_alert_is_delivered_once_to_each"
            ),
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | Q(due_at__isnull=True),
                name="budget_alert_delivered_is_not_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="budget_alert_delivery_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id}: {self.alert_id}"


class BudgetForecast(models.Model):
    """What a window was expected to cost in the end, made once a day; `actual` when it has ended.

    The share of ended windows whose `actual` lies from `low` to `high` is the interval's coverage: `ForecastTally`.
    """

    kind = models.CharField(max_length=4, choices=BudgetKind.choices)
    object_id = models.UUIDField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    made_on = models.DateField()
    low = _amount()
    expected = _amount()
    high = _amount()
    actual = _amount(null=True)

    class Meta:
        db_table = "budget_forecasts"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "window_start", "made_on"], name="budget_forecast_is_one_per_day"
            ),
            models.CheckConstraint(
                condition=Q(low__lte=F("expected"), expected__lte=F("high")),
                name="budget_forecast_lies_within_its_interval",
            ),
        ]
        indexes = [
            models.Index(fields=["window_end"], condition=Q(actual__isnull=True), name="budget_forecast_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} on {self.made_on}"


class ForecastTally(models.Model):
    """How many forecasts were settled on a day (UTC), and of how many the interval held. It outlives them."""

    settled_on = models.DateField(primary_key=True)
    forecasts = models.IntegerField()
    held = models.IntegerField()

    class Meta:
        db_table = "budget_forecast_tallies"
        constraints = [
            models.CheckConstraint(
                condition=Q(held__gte=0, held__lte=F("forecasts")),
                name="forecast_tally_holds_no_more_than_all",
            )
        ]

    def __str__(self) -> str:
        return f"{self.settled_on}: {self.held} of {self.forecasts}"
