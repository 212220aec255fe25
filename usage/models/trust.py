"""How the ledger compares with what the gateway says of itself."""

from django.db import models
from django.db.models import Q

from usage.models.logs import cost_field


class UsageTrust(models.Model):
    """The last comparison of a day (UTC). A day without a row was never compared."""

    class State(models.TextChoices):
        VERIFIED = "verified", "Verified"
        EXPLAINED = "explained", "Explained"
        DIFFERS = "differs", "Differs"

    day = models.DateField(primary_key=True)
    state = models.CharField(max_length=10, choices=State.choices)
    checked_at = models.DateTimeField()
    requests = models.BigIntegerField(help_text="Successful calls in the ledger.")
    gateway_requests = models.BigIntegerField(
        help_text="Successful calls that the gateway's daily sums tell."
    )
    cost = cost_field()
    gateway_cost = cost_field()

    class Meta:
        db_table = "usage_trust"

    def __str__(self) -> str:
        return f"{self.day} {self.state}"


class UsageDifference(models.Model):
    """One key's day (UTC) on which two accounts of the same usage differ, and why as far as one can tell.

    Amounts are successful calls, all tokens, and US dollars. It stays after it was healed: `healed_at`.
    """

    class Kind(models.TextChoices):
        LATE = "late", "Came late"
        LOST = "lost_in_gateway", "Lost in the gateway"
        DOUBLE = "double", "Counted twice"
        UNKNOWN_KEY = "unknown_key", "Unknown key"
        PRICE = "price", "Other price"
        TIME_ZONE = "time_zone", "Booked on another day"
        BUDGET_RESET = "budget_reset", "Counter began anew"
        ROLLUP = "rollup", "Sums differ from calls"

    class Against(models.TextChoices):
        DAILY = "daily_activity", "The gateway's daily activity"
        ROLLUPS = "rollups", "The ledger's own rollups"
        COUNTER = "spend_counter", "The gateway's spend counter"

    day = models.DateField()
    token_hash = models.CharField(max_length=128, blank=True, default="")
    against = models.CharField(max_length=20, choices=Against.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    requests = models.BigIntegerField()
    other_requests = models.BigIntegerField(null=True)
    tokens = models.BigIntegerField()
    other_tokens = models.BigIntegerField(null=True)
    cost = cost_field()
    other_cost = cost_field()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    healed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "usage_differences"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "token_hash", "against"], name="usage_difference_is_one_per_key_and_day"
            ),
            models.CheckConstraint(
                condition=Q(healed_at__isnull=True) | Q(healed_at__gte=models.F("found_at")),
                name="usage_difference_is_healed_after_it_was_found",
            ),
        ]
        indexes = [models.Index(fields=["-day", "id"], name="usage_difference_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.token_hash[:8]}"
