"""The secrets of API keys: one, or for a while two."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q

from apikeys.models.keys import ApiKey

LONGEST_OVERLAP = timedelta(days=7)


def spend_field() -> "models.DecimalField[Any, Any]":
    """Dollars as the gateway counts them, in binary floats with noise in the last places."""
    return models.DecimalField(max_digits=42, decimal_places=30, null=True, blank=True)


class ApiKeySecretQuerySet(models.QuerySet["ApiKeySecret"]):
    def current(self) -> "ApiKeySecretQuerySet":
        """The one of each key that callers should use."""
        return self.filter(superseded_at__isnull=True)

    def live(self) -> "ApiKeySecretQuerySet":
        """Those that the gateway may still accept, as far as their keys allow."""
        return self.filter(retired_at__isnull=True)

    def superseded(self) -> "ApiKeySecretQuerySet":
        """The former ones that a rotation has not retired yet."""
        return self.live().filter(superseded_at__isnull=False)

    def due_to_retire(self, now: datetime) -> "ApiKeySecretQuerySet":
        """Former ones whose overlap is over."""
        return self.superseded().filter(valid_until__lte=now)


class ApiKeySecret(models.Model):
    """One secret of a key. A rotation adds one and supersedes the one before, which works on until `valid_until`.

    `token_hash` is the SHA-256 of the secret in lower-case hex, which is also LiteLLM's name for it: to the gateway
    each secret is a key of its own, with a unique alias. `confirmed_at`: the gateway has it. `retired_at`: the
    gateway has it no more. The row stays, so that its usage keeps its key.

    The budget of a key with two secrets is shared: `carried_spend` was counted with earlier secrets when this one was
    made, `late_spend` after that; both belong to the budget period that ends at `period_ends_at` (NULL = for good).
    """

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="secrets")
    number = models.PositiveIntegerField(default=1)
    token_hash = models.CharField(max_length=64)
    alias = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    suffix = models.CharField(max_length=4)
    sealed = models.BinaryField(null=True)
    # What the client sent to make a repeated rotation the same rotation.
    request_token = models.CharField(max_length=128, null=True, blank=True)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    carried_spend = spend_field()
    late_spend = spend_field()
    period_ends_at = models.DateTimeField(null=True, blank=True)
    spend_reset_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeySecretQuerySet.as_manager()

    class Meta:
        db_table = "api_key_secrets"
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="apikey_token_hash_is_unique"),
            models.UniqueConstraint(fields=["alias"], name="apikey_secret_alias_is_unique"),
            models.UniqueConstraint(fields=["api_key", "number"], name="apikey_secrets_are_numbered"),
            models.UniqueConstraint(
                fields=["api_key"],
                condition=Q(superseded_at__isnull=True),
                name="apikey_has_one_current_secret",
            ),
            models.UniqueConstraint(
                fields=["api_key"],
                condition=Q(superseded_at__isnull=False, retired_at__isnull=True),
                name="apikey_has_one_superseded_secret",
            ),
            models.UniqueConstraint(
                fields=["api_key", "request_token"], name="apikey_is_rotated_once_per_request"
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True, valid_until__isnull=True)
                | Q(
                    superseded_at__isnull=False,
                    valid_until__isnull=False,
                    valid_until__lte=F("superseded_at") + LONGEST_OVERLAP,
                ),
                name="apikey_superseded_secret_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(superseded_at__isnull=False),
                name="apikey_retired_secret_was_superseded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"],
                condition=Q(superseded_at__isnull=False, retired_at__isnull=True),
                name="apikey_secret_to_retire",
            ),
        ]

    def __str__(self) -> str:
        return self.preview

    @property
    def preview(self) -> str:
        return f"{self.prefix}…{self.suffix}"

    @property
    def is_current(self) -> bool:
        return self.superseded_at is None

    @property
    def is_former(self) -> bool:
        """Superseded, and works on until a rotation retires it."""
        return self.superseded_at is not None and self.retired_at is None
