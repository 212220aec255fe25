"""API keys: credentials for the gateway, made by us."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from catalog.models import Model
from litemaas.errors import NotFound
from subscriptions.models import Subscription

if TYPE_CHECKING:
    from accounts.models import Actor


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, actor: "Actor") -> "ApiKeyQuerySet":
        """Operators see all keys that were not deleted, others their own."""
        kept = self.filter(deleted_at__isnull=True)
        return kept if actor.sees_everything else kept.filter(owner_id=actor.pk)

    def live(self, now: datetime) -> "ApiKeyQuerySet":
        """Neither revoked nor expired: these count towards the owner's limit."""
        return self.filter(revoked_at__isnull=True).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def get_or_refuse(self, pk: uuid.UUID | str) -> "ApiKey":
        try:
            return self.get(pk=pk)
        except ApiKey.DoesNotExist:
            raise NotFound("This API key does not exist, or it is not yours.") from None


class ApiKey(models.Model):
    """A credential for the gateway. We make the secret, so a lost reply can always be repaired.

    `token_hash` is the SHA-256 of the secret in lower-case hex, which is also LiteLLM's name for the key.
    Limits: NULL = none of its own. Amounts in the gateway's currency (US dollars), rates per minute.
    """

    audit_type = "api_key"

    class BudgetWindow(models.TextChoices):
        DAILY = "daily", "Daily"
        WEEKLY = "weekly", "Weekly"
        MONTHLY = "monthly", "Monthly"
        YEARLY = "yearly", "Yearly"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    team = models.ForeignKey(
        "teams.Team", null=True, blank=True, on_delete=models.PROTECT, related_name="api_keys"
    )
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1000, blank=True, default="")
    alias = models.CharField(max_length=80, editable=False)
    secret_prefix = models.CharField(max_length=12, editable=False)
    secret_suffix = models.CharField(max_length=4, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)
    sealed_secret = models.BinaryField(null=True, editable=False)
    # What the client sent to make a repeated creation the same creation.
    request_token = models.CharField(max_length=128, null=True, blank=True, editable=False)
    max_budget = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    budget_window = models.CharField(max_length=10, choices=BudgetWindow.choices, blank=True, default="")
    tpm_limit = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm_limit = models.BigIntegerField("requests per minute", null=True, blank=True)
    max_parallel_requests = models.IntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_blocked = models.BooleanField(default=False)
    blocked_reason = models.CharField(max_length=500, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_keys"
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="apikey_token_hash_is_unique"),
            models.UniqueConstraint(fields=["alias"], name="apikey_alias_is_unique"),
            models.UniqueConstraint(
                fields=["owner", "request_token"], name="apikey_is_created_once_per_request"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(revoked_at__isnull=False),
                name="apikey_deleted_is_revoked",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
                name="apikey_is_revoked_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=(Q(max_budget__isnull=True) | Q(max_budget__gte=0))
                & (Q(tpm_limit__isnull=True) | Q(tpm_limit__gte=0))
                & (Q(rpm_limit__isnull=True) | Q(rpm_limit__gte=0))
                & (Q(max_parallel_requests__isnull=True) | Q(max_parallel_requests__gte=1)),
                name="apikey_limits_are_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at", "id"], name="apikey_of_owner"),
            models.Index(fields=["expires_at"], condition=Q(revoked_at__isnull=True), name="apikey_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.preview})"

    @property
    def preview(self) -> str:
        return f"{self.secret_prefix}…{self.secret_suffix}"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_live(self, now: datetime) -> bool:
        return not self.is_revoked and not self.is_expired(now)


class ApiKeyModelQuerySet(models.QuerySet["ApiKeyModel"]):
    def effective(self) -> "ApiKeyModelQuerySet":
        """The models that the keys open now: the owner is active, subscribed, and the model is available.

        What a key opens is always derived from this, so access that ends takes effect with the commit that ends it,
        and what comes back is restored exactly.
        """
        subscribed = Subscription.objects.active().filter(
            user_id=models.OuterRef("api_key__owner_id"), model_id=models.OuterRef("model_id")
        )
        return self.filter(
            models.Exists(subscribed),
            api_key__owner__is_active=True,
            model__availability=Model.Availability.AVAILABLE,
        )


class ApiKeyModel(models.Model):
    """A model that the owner chose for the key. Whether it opens is `effective()`."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="model_links")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="key_links")

    objects = ApiKeyModelQuerySet.as_manager()

    class Meta:
        db_table = "api_key_models"
        constraints = [
            models.UniqueConstraint(fields=["api_key", "model"], name="apikey_has_a_model_once"),
        ]

    def __str__(self) -> str:
        return f"{self.api_key_id}: {self.model_id}"
