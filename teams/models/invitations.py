"""Offers to join a team."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models.members import Member


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
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="invitations")
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
