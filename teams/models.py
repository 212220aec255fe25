"""Teams, their members and invitations: a shared budget, shared keys."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from litellm_sync import windows
from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor

# Everybody is a member of this one; nobody has to be put in.
DEFAULT_TEAM_ID = uuid.UUID("a0000000-0000-4000-8000-000000000001")


def amount_field() -> "models.DecimalField[Any, Any]":
    """US dollars; NULL = no limit."""
    return models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)


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
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
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


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        return self.filter(status=Invitation.Status.PENDING, expires_at__gt=now, team__is_active=True)

    def with_status(self, status: str, now: datetime) -> "InvitationQuerySet":
        """Those that `status_at` gives this; "" = all."""
        is_over = Q(status=Invitation.Status.PENDING, expires_at__lte=now)
        if status == Invitation.Status.EXPIRED:
            return self.filter(is_over | Q(status=status))
        return self.filter(~is_over, status=status) if status else self

    def addressed_to(self, user: Any) -> "InvitationQuerySet":
        """Those that this user may accept: by account, or by the e-mail address of the account."""
        mine = Q(user_id=user.pk)
        return self.filter(mine | Q(user__isnull=True, email__iexact=user.email) if user.email else mine)


class Invitation(models.Model):
    """An offer to join a team, for one account or one e-mail address, good for one answer until `expires_at`.

    Only the hash of the link's token is kept; the token itself is kept encrypted until the mail is on its way.
    """

    audit_type = "team"

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REVOKED = "revoked", _("Revoked")
        EXPIRED = "expired", _("Expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations"
    )
    role = models.CharField(max_length=10, choices=Member.Role.choices, default=Member.Role.MEMBER)
    message = models.CharField(max_length=500, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    token_hash = models.CharField(max_length=64, editable=False)
    sealed_token = models.BinaryField(null=True, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        db_table = "team_invitations"
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="team_invitation_token_is_unique"),
            models.UniqueConstraint(
                "team",
                Lower("email"),
                condition=Q(status="pending") & ~Q(email=""),
                name="team_invitation_is_open_once_per_address",
            ),
            models.UniqueConstraint(
                fields=["team", "user"],
                condition=Q(status="pending"),
                name="team_invitation_is_open_once_per_user",
            ),
            models.CheckConstraint(
                condition=~Q(email="") | Q(user__isnull=False), name="team_invitation_is_for_somebody"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "member", "viewer"]), name="team_invitation_role_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status="pending", decided_at__isnull=True)
                | Q(status__in=["accepted", "declined", "revoked", "expired"], decided_at__isnull=False),
                name="team_invitation_decided_iff_not_pending",
            ),
            models.CheckConstraint(
                condition=Q(status="pending") | Q(sealed_token__isnull=True),
                name="team_invitation_token_is_dropped_when_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-created_at", "id"], name="team_invitation_of_team"),
            models.Index(Lower("email"), name="team_invitation_of_address"),
            models.Index(
                fields=["created_at"], condition=Q(sealed_token__isnull=False), name="team_invitation_to_mail"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email or self.user_id} → {self.team_id} ({self.status})"

    @property
    def addressee(self) -> str:
        """Whom it is for, in words."""
        return self.user.display_name if self.user else self.email

    def status_at(self, now: datetime) -> str:
        """The status, with a pending one whose time is over as expired."""
        is_over = self.status == self.Status.PENDING and self.expires_at <= now
        return self.Status.EXPIRED.value if is_over else self.status


class TeamGroup(models.Model):
    """Who is in this group of the identity provider is in the team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="groups")
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
