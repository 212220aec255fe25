"""Who is in a team, by hand or by a group of the identity provider."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Actor

# Everybody is a member of this one; nobody has to be put in.
DEFAULT_TEAM_ID = uuid.UUID("a0000000-0000-4000-8000-000000000001")


def amount_field() -> "models.DecimalField[Any, Any]":
    """US dollars; NULL = no limit."""
    return models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self) -> "MemberQuerySet":
        """Without those who left."""
        return self.filter(removed_at__isnull=True)

    def visible_to(self, actor: "Actor") -> "MemberQuerySet":
        """Operators see everybody's place; others who is with them in a team, but not who is in the default team,
        which would be a list of all accounts."""
        rows = self.current().filter(team__deleted_at__isnull=True)
        if actor.sees_everything:
            return rows
        mine = Member.objects.current().filter(team_id=models.OuterRef("team_id"), user=actor.pk)
        return rows.filter(Q(user=actor.pk) | (models.Exists(mine) & ~Q(team_id=DEFAULT_TEAM_ID)))


class Member(models.Model):
    """Somebody's place in a team. Leaving keeps the row, so that the gateway can be told and a return is the same place.

    In the default team everybody is a member without a row; a row there gives another role or a budget.
    `max_budget` is in US dollars per window of the team, NULL = none of one's own.
    """

    audit_type = "team"

    class Role(models.TextChoices):
        ADMIN = "admin", _("Team administrator")
        MEMBER = "member", _("Member")
        VIEWER = "viewer", _("Viewer")

    class Source(models.TextChoices):
        """What a group of the identity provider gave it takes away again; what a person gave stays."""

        MANUAL = "manual", _("By hand")
        GROUP = "group", _("By a group")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.MANUAL)
    max_budget = amount_field()
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    joined_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        db_table = "team_members"
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="team_member_is_in_a_team_once"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "member", "viewer"]), name="team_member_role_is_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=["manual", "group"]), name="team_member_source_is_known"
            ),
            models.CheckConstraint(
                condition=Q(max_budget__isnull=True) | Q(max_budget__gte=0),
                name="team_member_budget_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_at__gte=F("joined_at")),
                name="team_member_leaves_after_joining",
            ),
        ]
        indexes = [
            models.Index(
                fields=["team", "joined_at", "id"],
                condition=Q(removed_at__isnull=True),
                name="team_member_of_team",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"

    @property
    def is_current(self) -> bool:
        return self.removed_at is None


def is_in_team(team: str, user: Any, *, roles: tuple[str, ...] = ()) -> Q:
    """The condition that `user` is a member of `team`, for rows of any table: both name a column of it (or are an
    expression); `roles` narrows to some. Everybody is in the default team, as a member unless a row says otherwise.
    """
    who = models.OuterRef(user) if isinstance(user, str) else user
    places = Member.objects.current().filter(team_id=models.OuterRef(team), user_id=who)
    if not roles:
        return Q(models.Exists(places)) | Q(**{team: DEFAULT_TEAM_ID})
    condition = Q(models.Exists(places.filter(role__in=roles)))
    if Member.Role.MEMBER in roles:
        condition |= Q(**{team: DEFAULT_TEAM_ID}) & ~Q(models.Exists(places))
    return condition


class TeamGroup(models.Model):
    """Who is in this group of the identity provider is in the team."""

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="groups")
    group = models.CharField(max_length=255)
    role = models.CharField(max_length=10, choices=Member.Role.choices, default=Member.Role.MEMBER)

    class Meta:
        db_table = "team_groups"
        constraints = [
            models.UniqueConstraint(fields=["team", "group"], name="team_group_is_mapped_once"),
            models.CheckConstraint(condition=~Q(group=""), name="team_group_has_a_name"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "member", "viewer"]), name="team_group_role_is_known"
            ),
        ]
        indexes = [models.Index(fields=["group"], name="team_group_by_group")]

    def __str__(self) -> str:
        return f"{self.group} → {self.team_id}"
