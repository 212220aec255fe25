"""Teams: a budget and keys that several people share, and the models that these keys may open."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from litellm_sync import windows
from litemaas.errors import NotFound
from teams.models.members import DEFAULT_TEAM_ID, amount_field, is_in_team

if TYPE_CHECKING:
    from accounts.models import Actor


class TeamQuerySet(models.QuerySet["Team"]):
    def active(self) -> "TeamQuerySet":
        return self.filter(is_active=True)

    def visible_to(self, actor: "Actor") -> "TeamQuerySet":
        """Operators see every team that was not deleted, others those they are in."""
        kept = self.filter(deleted_at__isnull=True)
        return kept if actor.sees_everything else kept.of(actor.pk)

    def of(self, user_id: uuid.UUID | None) -> "TeamQuerySet":
        """The teams that somebody is in."""
        return self.filter(is_in_team("pk", models.Value(user_id, output_field=models.UUIDField())))

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Team":
        try:
            return self.get(pk=pk)
        except Team.DoesNotExist:
            raise NotFound(_("This team does not exist, or you are not in it.")) from None


class Team(models.Model):
    """A group of people that the gateway charges together. Limits: NULL = none.

    Without `allowed_models` the team's keys may open whatever their owners are subscribed to.
    """

    audit_type = "team"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255)
    alias = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    max_budget = amount_field()
    budget_window = models.CharField(max_length=windows.LONGEST, blank=True, default="")
    soft_budget = amount_field()
    tpm_limit = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm_limit = models.BigIntegerField("requests per minute", null=True, blank=True)
    allowed_models = models.ManyToManyField(
        "catalog.Model", through="teams.AllowedModel", related_name="teams", blank=True
    )
    metadata = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # A wish that spend counts from 0 again, and the last one that was carried out. LiteLLM can't set a team's spend, so
    # what it had counted by then is put on top of the budget there, until its window ends by itself.
    spend_reset_wanted_at = models.DateTimeField(null=True, blank=True, editable=False)
    spend_reset_done_at = models.DateTimeField(null=True, blank=True, editable=False)
    spend_offset = models.DecimalField(
        max_digits=30, decimal_places=18, null=True, blank=True, editable=False
    )
    # When LiteLLM begins the next window; NULL = never, or no offset.
    spend_offset_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = TeamQuerySet.as_manager()

    class Meta:
        db_table = "teams"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(is_active=True), name="team_name_is_unique_among_active"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="team_has_a_name"),
            models.CheckConstraint(
                condition=(Q(max_budget__isnull=True) | Q(max_budget__gte=0))
                & (Q(soft_budget__isnull=True) | Q(soft_budget__gte=0))
                & (Q(tpm_limit__isnull=True) | Q(tpm_limit__gte=0))
                & (Q(rpm_limit__isnull=True) | Q(rpm_limit__gte=0)),
                name="team_limits_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(soft_budget__isnull=True)
                | Q(max_budget__isnull=True)
                | Q(soft_budget__lte=F("max_budget")),
                name="team_soft_budget_is_within_budget",
            ),
            models.CheckConstraint(condition=windows.is_known("budget_window"), name="team_window_is_known"),
            models.CheckConstraint(
                condition=Q(spend_offset__isnull=True, spend_offset_until__isnull=True)
                | Q(spend_offset__gte=0),
                name="team_spend_offset_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(is_active=True, deactivated_at__isnull=True)
                | Q(is_active=False, deactivated_at__isnull=False),
                name="team_is_deactivated_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(is_active=False), name="team_deleted_is_inactive"
            ),
            models.CheckConstraint(
                condition=~Q(pk=DEFAULT_TEAM_ID) | Q(deleted_at__isnull=True), name="team_default_is_kept"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def spend_since_reset(self, spend: Decimal, window_ends_at: datetime | None) -> Decimal:
        """What the gateway's figure means for the budget: less what it had counted when the spend was reset, as long
        as its window is still the one of then."""
        if self.spend_offset is None or self.spend_offset_until != window_ends_at:
            return spend
        return max(spend - self.spend_offset, Decimal(0))

    @property
    def is_default(self) -> bool:
        return self.pk == DEFAULT_TEAM_ID


class AllowedModel(models.Model):
    """A model that a team's keys may open."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="allowed_links")
    model = models.ForeignKey("catalog.Model", on_delete=models.PROTECT, related_name="team_links")

    class Meta:
        db_table = "team_models"
        constraints = [
            models.UniqueConstraint(fields=["team", "model"], name="team_allows_a_model_once"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.model_id}"
