"""Banners: what operators tell everybody, or some, on top of every page."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Role
from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor, User


class BannerQuerySet(models.QuerySet["Banner"]):
    def visible_to(self, actor: "Actor | None", now: datetime) -> Self:
        """What this reader (None = not signed in) is shown now: active, in its time, meant for them, not dismissed."""
        begun = Q(starts_at__isnull=True) | Q(starts_at__lte=now)
        shown = self.filter(begun, Q(ends_at__isnull=True) | Q(ends_at__gt=now), is_active=True)
        to_all = Q(target_roles=[], target_user_ids=[])
        if actor is None or actor.pk is None:
            return shown.filter(to_all)
        meant = to_all | Q(target_user_ids__contains=[actor.pk]) | Q(target_roles__overlap=actor.roles)
        gone = BannerDismissal.objects.filter(banner=models.OuterRef("pk"), user=actor.pk)
        still = gone.filter(Q(until__isnull=True) | Q(until__gt=now))
        return shown.filter(meant).filter(~models.Exists(still))

    def in_order(self) -> Self:
        return self.order_by("-priority", "-created_at", "id")

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Banner":
        try:
            return self.get(pk=pk)
        except Banner.DoesNotExist:
            raise NotFound(_("This banner does not exist."), reason="BANNER_NOT_FOUND") from None


class Banner(models.Model):
    """`content` and `link_text` are texts by language code; English is always there. Empty targets mean everybody."""

    audit_type = "banner"

    class Variant(models.TextChoices):
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        DANGER = "danger", "Danger"
        SUCCESS = "success", "Success"
        DEFAULT = "default", "Default"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=False)
    priority = models.IntegerField(default=0)
    content = models.JSONField()
    variant = models.CharField(max_length=10, choices=Variant.choices, default=Variant.INFO)
    is_dismissible = models.BooleanField(default=False)
    dismiss_hours = models.IntegerField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    target_roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)
    target_user_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    link_url = models.CharField(max_length=500, blank=True, default="")
    link_text = models.JSONField(default=dict, blank=True)
    is_markdown = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = BannerQuerySet.as_manager()

    class Meta:
        db_table = "banners"
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & Q(priority__gte=0), name="banner_has_a_name_and_rank"
            ),
            models.CheckConstraint(
                condition=Q(dismiss_hours__isnull=True) | Q(dismiss_hours__gte=1),
                name="banner_comes_back_after_an_hour_or_more",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="banner_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(link_url="")
                | Q(link_url__startswith="http://")
                | Q(link_url__startswith="https://"),
                name="banner_links_by_http",
            ),
            models.CheckConstraint(condition=Q(content__has_key="en"), name="banner_speaks_english"),
        ]
        indexes = [models.Index(fields=["-priority"], condition=Q(is_active=True), name="banner_active")]

    def __str__(self) -> str:
        return self.name

    def is_meant_for(self, user: "User", now: datetime) -> bool:
        """What `visible_to` asks of the database, without what this person closed."""
        if not self.is_active or (self.starts_at and self.starts_at > now):
            return False
        if self.ends_at and self.ends_at <= now:
            return False
        to_all = not self.target_roles and not self.target_user_ids
        return to_all or user.pk in self.target_user_ids or bool(set(user.roles) & set(self.target_roles))

    def text(self, language: str) -> str:
        """In this language, else in English."""
        return str(
            self.content.get(language) or self.content.get(language.split("-")[0]) or self.content["en"]
        )


class BannerDismissal(models.Model):
    """Somebody closed a banner: for good, or `until` then."""

    banner = models.ForeignKey(Banner, on_delete=models.CASCADE, related_name="dismissals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "banner_dismissals"
        constraints = [
            models.UniqueConstraint(fields=["banner", "user"], name="banner_is_dismissed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.banner_id} by {self.user_id}"

    @staticmethod
    def end_of(banner: Banner, now: datetime) -> datetime | None:
        return now + timedelta(hours=banner.dismiss_hours) if banner.dismiss_hours else None


class BannerChange(models.Model):
    """What was done to a banner. It stays when the banner is gone."""

    class Action(models.TextChoices):
        CREATE = "create", "Created"
        UPDATE = "update", "Changed"
        DELETE = "delete", "Deleted"
        ACTIVATE = "activate", "Shown"
        DEACTIVATE = "deactivate", "Hidden"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    banner_id = models.UUIDField()
    action = models.CharField(max_length=12, choices=Action.choices)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    previous_state = models.JSONField(null=True)
    new_state = models.JSONField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "banner_changes"
        indexes = [models.Index(fields=["banner_id", "-changed_at"], name="banner_change_of_banner")]

    def __str__(self) -> str:
        return f"{self.banner_id} {self.action}"
