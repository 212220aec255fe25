"""API keys: credentials for the gateway, made by us."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from litellm_sync import windows
from litemaas.errors import NotFound
from teams.models import Member

if TYPE_CHECKING:
    from accounts.models import Actor
    from apikeys.models.secrets import ApiKeySecret


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, actor: "Actor") -> "ApiKeyQuerySet":
        """Operators see all keys that were not deleted, others their own and those of the teams that they administer."""
        kept = self.filter(deleted_at__isnull=True)
        if actor.sees_everything:
            return kept
        return kept.filter(seen_by(actor.pk))

    def live(self, now: datetime) -> "ApiKeyQuerySet":
        """Neither revoked nor expired: these count towards the owner's limit."""
        return self.filter(revoked_at__isnull=True).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def get_or_refuse(self, pk: uuid.UUID | str) -> "ApiKey":
        try:
            return self.get(pk=pk)
        except ApiKey.DoesNotExist:
            raise NotFound(_("This API key does not exist, or it is not yours.")) from None


def seen_by(user_id: UUID | None) -> Q:
    """The condition that a key is the user's own, or of a team that the user administers."""
    places = Member.objects.current().filter(user=user_id, role=Member.Role.ADMIN)
    return Q(owner_id=user_id) | Q(team_id__in=places.values("team_id"))


class ApiKey(models.Model):
    """A credential for the gateway. We make the secret, so a lost reply can always be repaired.

    A personal key has an owner; a service key has none, belongs to its team alone and survives whoever made it.
    Limits: NULL = none of its own. Amounts in the gateway's currency (US dollars), rates per minute. Maps per model
    are by the model's name. `secret_prefix` and `secret_suffix` are those of the current secret.
    """

    audit_type = "api_key"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="api_keys"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.ForeignKey(
        "teams.Team", null=True, blank=True, on_delete=models.PROTECT, related_name="api_keys"
    )
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1000, blank=True, default="")
    alias = models.CharField(max_length=80, editable=False)
    secret_prefix = models.CharField(max_length=12, editable=False)
    secret_suffix = models.CharField(max_length=4, editable=False)
    # What the client sent to make a repeated creation the same creation.
    request_token = models.CharField(max_length=128, null=True, blank=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    max_budget = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    soft_budget = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    budget_window = models.CharField(max_length=windows.LONGEST, blank=True, default="")
    tpm_limit = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm_limit = models.BigIntegerField("requests per minute", null=True, blank=True)
    max_parallel_requests = models.IntegerField(null=True, blank=True)
    model_max_budget = models.JSONField(default=dict, blank=True)
    model_rpm_limit = models.JSONField(default=dict, blank=True)
    model_tpm_limit = models.JSONField(default=dict, blank=True)
    permissions = models.JSONField(default=dict, blank=True)
    guardrails = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    portal_permissions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_blocked = models.BooleanField(default=False)
    blocked_reason = models.CharField(max_length=500, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # When somebody last asked for the counted spend to start again.
    spend_reset_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    # Set by what tells the gateway, from `opening.is_detached`.
    is_detached = False

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_keys"
        constraints = [
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
                & (Q(soft_budget__isnull=True) | Q(soft_budget__gte=0))
                & (Q(tpm_limit__isnull=True) | Q(tpm_limit__gte=0))
                & (Q(rpm_limit__isnull=True) | Q(rpm_limit__gte=0))
                & (Q(max_parallel_requests__isnull=True) | Q(max_parallel_requests__gte=1)),
                name="apikey_limits_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(soft_budget__isnull=True)
                | Q(max_budget__isnull=True)
                | Q(soft_budget__lte=F("max_budget")),
                name="apikey_soft_budget_is_within_the_budget",
            ),
            models.CheckConstraint(
                condition=windows.is_known("budget_window"), name="apikey_budget_window_is_known"
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=False) | Q(team__isnull=False),
                name="apikey_without_owner_belongs_to_a_team",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at", "id"], name="apikey_of_owner"),
            models.Index(
                fields=["team", "-created_at", "id"], condition=Q(team__isnull=False), name="apikey_of_team"
            ),
            models.Index(fields=["expires_at"], condition=Q(revoked_at__isnull=True), name="apikey_expiry"),
            models.Index(fields=["created_at", "id"], name="apikey_by_creation"),
            GinIndex(OpClass(Upper("name"), "gin_trgm_ops"), name="apikey_name_search"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.preview})"

    @property
    def preview(self) -> str:
        return f"{self.secret_prefix}…{self.secret_suffix}"

    @property
    def is_service(self) -> bool:
        return self.owner_id is None

    @property
    def current_secret(self) -> "ApiKeySecret":
        """The secret that callers should use; one statement, or none where `secrets` are prefetched."""
        return next(row for row in self.secrets.all() if row.is_current)

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    @property
    def user_at_gateway(self) -> uuid.UUID | None:
        """Whose key it is for LiteLLM. A team's key whose owner is not in the team is nobody's there: it opens nothing,
        and taking a member out deletes the keys that carry the member's name, with their spend. Needs
        `is_detached` to be set."""
        return None if self.is_detached else self.owner_id

    def is_live(self, now: datetime) -> bool:
        return not self.is_revoked and not self.is_expired(now)
