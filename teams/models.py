"""Teams and their members: a shared budget, shared keys."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

DEFAULT_TEAM_ID = uuid.UUID("a0000000-0000-4000-8000-000000000001")


class TeamQuerySet(models.QuerySet["Team"]):
    def active(self) -> "TeamQuerySet":
        return self.filter(is_active=True)


class Team(models.Model):
    """A group of people that the gateway charges together. Limits: NULL = none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1000, blank=True, default="")
    max_budget = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        db_table = "teams"
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(is_active=True), name="team_name_is_unique_among_active"
            ),
            models.CheckConstraint(
                condition=Q(max_budget__isnull=True) | Q(max_budget__gte=0),
                name="team_budget_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_default(self) -> bool:
        return self.pk == DEFAULT_TEAM_ID


class Member(models.Model):
    """Somebody's place in a team."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Team administrator"
        MEMBER = "member", "Member"
        VIEWER = "viewer", "Viewer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "team_members"
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="team_member_is_in_a_team_once"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "member", "viewer"]), name="team_member_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"
