"""What the portal tells its people."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, actor: "Actor") -> "NotificationQuerySet":
        """Everybody reads their own, operators too."""
        return self.filter(user=actor.pk)

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at__isnull=True)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Notification":
        try:
            return self.get(pk=pk)
        except Notification.DoesNotExist:
            raise NotFound(_("This notification does not exist, or it is not yours.")) from None


class Notification(models.Model):
    """One message to one person. `title` and `body` are source strings, filled in from `parameters` in the language
    of whoever reads. `once` names the event: the same event is told to a person once."""

    class Variant(models.TextChoices):
        INFO = "info", "Info"
        SUCCESS = "success", "Success"
        WARNING = "warning", "Warning"
        DANGER = "danger", "Danger"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    variant = models.CharField(max_length=10, choices=Variant.choices, default=Variant.INFO)
    title = models.CharField(max_length=255)
    body = models.TextField(blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    link = models.CharField(max_length=500, blank=True, default="", help_text="A path of the portal.")
    once = models.CharField(max_length=200, null=True, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        constraints = [
            models.UniqueConstraint(fields=["user", "once"], name="notification_tells_an_event_once"),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(read_at__gte=F("created_at")),
                name="notification_is_read_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(link="") | (Q(link__startswith="/") & ~Q(link__startswith="//")),
                name="notification_links_into_the_portal",
            ),
            models.CheckConstraint(
                condition=Q(variant__in=["info", "success", "warning", "danger"]),
                name="notification_variant_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "id"], name="notification_of_user"),
            models.Index(
                fields=["user"], condition=Q(read_at__isnull=True), name="notification_unread_of_user"
            ),
            models.Index(fields=["created_at"], name="notification_by_time"),
        ]

    def __str__(self) -> str:
        return self.title_text

    @property
    def title_text(self) -> str:
        return _filled(self.title, self.parameters)

    @property
    def body_text(self) -> str:
        return _filled(self.body, self.parameters)


def _filled(source: str, parameters: dict[str, str]) -> str:
    """The source string in the active language, with its places filled."""
    if not source:
        return ""
    try:
        return gettext(source) % parameters if parameters else gettext(source)
    except (KeyError, ValueError):
        # A translation that lost a place must not hide the message.
        return source % parameters
