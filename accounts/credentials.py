"""The rows behind credentials: sign-ins that tokens belong to, and administrators' automation keys."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor


class SignInQuerySet(models.QuerySet["SignIn"]):
    def visible_to(self, actor: "Actor") -> "SignInQuerySet":
        """One's own: nobody else's sessions are anybody's business."""
        return self.filter(user=actor.pk)

    def running(self, now: datetime) -> "SignInQuerySet":
        return self.filter(ended_at__isnull=True, expires_at__gt=now)


class SignIn(models.Model):
    """One sign-in of an API client. All its tokens carry the id as `sid`, and end with it."""

    class Method(models.TextChoices):
        PASSWORD = "password", "Password"
        PROVIDER = "provider", "Identity provider"
        API_KEY = "api_key", "API key"
        PORTAL = "portal", "Session of the portal"
        DEVELOPMENT = "development", "Development"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    method = models.CharField(max_length=12, choices=Method.choices)
    # Whose word it was: the id of the identity provider, or of the API key.
    source = models.CharField(max_length=200, blank=True, default="")
    # Permission codes that it is held to; NULL = whatever the user may.
    limited_to = ArrayField(models.CharField(max_length=60), null=True, blank=True)
    # For the provider's sign-out page; sealed like every secret.
    sealed_id_token = models.BinaryField(null=True, editable=False)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")
    # When the person proved who they are; a refresh does not change it.
    signed_in_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_activity_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        db_table = "sign_ins"
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=["password", "provider", "api_key", "portal", "development"]),
                name="sign_in_method_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(method="api_key") | Q(limited_to__isnull=False),
                name="sign_in_by_api_key_is_limited",
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "-last_activity_at"], condition=Q(ended_at=None), name="sign_in_of_user"
            ),
            models.Index(fields=["expires_at"], name="sign_in_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.method}"


class ProviderGrant(models.Model):
    """What lets us ask a provider again which groups somebody is in: one per identity that came with groups."""

    account = models.OneToOneField(
        SocialAccount, primary_key=True, on_delete=models.CASCADE, related_name="grant"
    )
    # OpenID Connect: a refresh token. OpenShift: the access token. NULL where the provider gave none.
    sealed_token = models.BinaryField(null=True, editable=False)
    # When the provider last said so.
    confirmed_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        db_table = "provider_grants"
        indexes = [models.Index(fields=["due_at"], name="provider_grant_due")]

    def __str__(self) -> str:
        return f"groups of {self.account_id}"


class AutomationKeyQuerySet(models.QuerySet["AutomationKey"]):
    def usable(self, now: datetime) -> "AutomationKeyQuerySet":
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, principal__is_active=True)

    def visible_to(self, actor: "Actor") -> "AutomationKeyQuerySet":
        return self if actor.sees_everything else self.none()

    def get_or_refuse(self, pk: uuid.UUID | str) -> "AutomationKey":
        try:
            return self.get(pk=pk)
        except AutomationKey.DoesNotExist:
            raise NotFound(_("This automation key does not exist.")) from None


class AutomationKey(models.Model):
    """An `ltm_admin_…` key for programs that administer. Only its SHA-256 is kept.

    It acts as a service account of its own, so the record of acts names it.
    """

    audit_type = "automation_key"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    key_hash = models.CharField(max_length=64, editable=False)
    # The last characters, to tell keys apart; "" where only the hash was handed over.
    suffix = models.CharField(max_length=4, blank=True, default="", editable=False)
    scopes = ArrayField(models.CharField(max_length=60))
    principal = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="automation_keys"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AutomationKeyQuerySet.as_manager()

    class Meta:
        db_table = "automation_keys"
        constraints = [
            models.UniqueConstraint(fields=["key_hash"], name="automation_key_hash_is_unique"),
            models.UniqueConstraint(
                Lower("name"), condition=Q(revoked_at=None), name="automation_key_name_is_unique_among_live"
            ),
            models.CheckConstraint(condition=Q(scopes__len__gte=1), name="automation_key_has_a_scope"),
            models.CheckConstraint(
                condition=Q(key_hash__regex="^[0-9a-f]{64}$"), name="automation_key_hash_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return self.name
