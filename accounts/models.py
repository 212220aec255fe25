"""People, their roles, and the record of what they did."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper

from accounts.permissions import ADMIN, ADMIN_READONLY, ROLES, USER, permissions_of
from litellm_sync import windows


class Role(models.TextChoices):
    ADMIN = "admin", "Administrator"
    ADMIN_READONLY = "admin-readonly", "Administrator, read-only"
    USER = "user", "User"
    READONLY = "readonly", "Read-only user"


def _default_roles() -> list[str]:
    return [USER]


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def operators(self) -> "UserQuerySet":
        """Who looks after the portal, whether they may change it or only look."""
        return self.active().filter(Q(roles__contains=[ADMIN]) | Q(roles__contains=[ADMIN_READONLY]))

    def visible_to(self, actor: "User") -> "UserQuerySet":
        """Operators see everybody, others themselves."""
        return self if actor.sees_everything else self.filter(pk=actor.pk)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get(username__iexact=username)
        return user


class User(AbstractBaseUser):
    """Somebody who signs in. `roles` are what the database says now; a token's roles are never believed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=150)
    email = models.EmailField(blank=True, default="")
    full_name = models.CharField(max_length=255, blank=True, default="")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=_default_roles)
    # Those of `roles` that only a group of the identity provider gave: they go when the group is gone.
    group_roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices), default=list, blank=True, editable=False
    )
    is_active = models.BooleanField(default=True)
    deactivated_at = models.DateTimeField(null=True, blank=True, editable=False)
    deactivation_reason = models.CharField(max_length=500, blank=True, default="", editable=False)
    # A program's account: it holds keys, and nobody signs in with it.
    is_service = models.BooleanField(default=False)
    # An operator allows that a provider's verified e-mail address takes this account over, once.
    is_open_for_linking = models.BooleanField(default=False)
    # Limits over all of the user's keys without a team. NULL = none; US dollars, rates per minute.
    max_budget = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    budget_window = models.CharField(max_length=windows.LONGEST, blank=True, default="")
    tpm_limit = models.BigIntegerField("tokens per minute", null=True, blank=True)
    rpm_limit = models.BigIntegerField("requests per minute", null=True, blank=True)
    # What the person set for the pages: theme, language and the like; absent = the default.
    preferences = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # Of the credential at hand, not of the row: the permission codes that it is held to (None = all of the user's), and
    # whether this request may act on what is not the user's own.
    limited_to: frozenset[str] | None = None
    operates: bool = True
    # How the sign-in of a token began (`SignIn.Method`); "" for every other credential.
    signed_in_by: str = ""

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    objects = UserManager()

    class Meta:
        db_table = "users"
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_is_unique"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_is_unique"),
            models.CheckConstraint(
                condition=Q(roles__contained_by=list(ROLES)) & Q(roles__len__gte=1),
                name="user_roles_are_known",
            ),
            models.CheckConstraint(
                condition=Q(group_roles__contained_by=F("roles")), name="user_group_roles_are_among_roles"
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(deactivated_at__isnull=True),
                name="user_active_is_not_deactivated",
            ),
            models.CheckConstraint(
                condition=(Q(max_budget__isnull=True) | Q(max_budget__gte=0))
                & (Q(tpm_limit__isnull=True) | Q(tpm_limit__gte=0))
                & (Q(rpm_limit__isnull=True) | Q(rpm_limit__gte=0)),
                name="user_limits_are_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="user_by_creation"),
            GinIndex(OpClass(Upper("username"), "gin_trgm_ops"), name="user_username_search"),
            GinIndex(OpClass(Upper("email"), "gin_trgm_ops"), name="user_email_search"),
            GinIndex(OpClass(Upper("full_name"), "gin_trgm_ops"), name="user_full_name_search"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        return self.full_name or self.username

    @property
    def is_admin(self) -> bool:
        return self.operates and ADMIN in self.roles

    @property
    def sees_everything(self) -> bool:
        return self.operates and (ADMIN in self.roles or ADMIN_READONLY in self.roles)

    @property
    def role_label(self) -> str:
        """The role of highest rank, in words."""
        ranked = [role for role in Role if role.value in self.roles]
        return str(ranked[0].label) if ranked else str(Role.USER.label)

    def may(self, permission: str) -> bool:
        """Whether one of the roles carries this permission code (REST contract §1.6)."""
        if self.limited_to is not None and permission not in self.limited_to:
            return False
        return self.is_active and permission in permissions_of(self.roles)

    @property
    def permissions(self) -> frozenset[str]:
        """All codes that the credential at hand carries."""
        own = permissions_of(self.roles) if self.is_active else frozenset()
        return own if self.limited_to is None else own & self.limited_to

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.username

    # --- what Django admin asks: it follows the same roles

    @property
    def is_staff(self) -> bool:
        return self.is_active and self.sees_everything

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.is_admin

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        if not self.is_staff:
            return False
        return self.is_admin or perm.split(".")[-1].startswith("view_")

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class System:
    """The program itself as an actor: no row, no session, every right of its use cases."""

    pk = None
    id = None
    username = "system"
    is_active = True
    is_admin = True
    sees_everything = True

    def may(self, permission: str) -> bool:
        return True


SYSTEM = System()
Actor = User | System


class PortalOption(models.Model):
    """What an administrator set at run time; `accounts.options` knows which there are and what they may be."""

    name = models.CharField(primary_key=True, max_length=60)
    value = models.JSONField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "portal_options"

    def __str__(self) -> str:
        return self.name


# Last, because these rows name people. Django looks for an app's models here.
from accounts.audit import models as _audit_models  # noqa: E402
from accounts.credentials import AutomationKey, ProviderGrant, SignIn  # noqa: E402, F401
from accounts.saved_filters import SavedFilter  # noqa: E402, F401

AuditEvent = _audit_models.AuditEvent
