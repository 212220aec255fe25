"""What the portal tells its people, on its pages and by mail."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

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

    def events(self) -> "NotificationQuerySet":
        """Without what pages said in passing."""
        return self.exclude(kind="message")

    def get_or_refuse(self, pk: uuid.UUID | str) -> "Notification":
        try:
            return self.get(pk=pk)
        except Notification.DoesNotExist:
            raise NotFound(_("This notification does not exist, or it is not yours.")) from None


# Parameters that are source strings themselves; all others are names and amounts, shown as they are.
_SOURCES = {"job"}


class Told:
    """What is said: `title` and `body` are source strings, filled in from `parameters` in the active language."""

    title: Any
    body: Any
    parameters: Any

    @property
    def title_text(self) -> str:
        return _filled(self.title, self.parameters)

    @property
    def body_text(self) -> str:
        return _filled(self.body, self.parameters)


class Notification(Told, models.Model):
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


class LetterQuerySet(models.QuerySet["Letter"]):
    def due(self, now: datetime) -> "LetterQuerySet":
        return self.filter(due_at__lte=now)


class Letter(Told, models.Model):
    """One mail to one person. Its content is made in the reader's language when it is sent.

    `due_at` is set while it waits. Whoever sends it takes it first (`taken_at`) and commits, so no second one can go
    out. Taken and not sent means that its sender died, or lost the mail server, half-way: whether it arrived is not
    known, and it is not sent again. Neither due nor taken: given up, or not wanted any more (`last_error`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=255)
    body = models.TextField(blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    link = models.CharField(max_length=500, blank=True, default="", help_text="A path of the portal.")
    once = models.CharField(max_length=200, help_text="Names the event.")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.SmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")

    objects = LetterQuerySet.as_manager()

    class Meta:
        db_table = "notification_letters"
        constraints = [
            models.UniqueConstraint(fields=["user", "once"], name="letter_tells_an_event_once"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(taken_at__isnull=True),
                name="letter_taken_is_not_due",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(taken_at__isnull=False),
                name="letter_sent_was_taken",
            ),
            models.CheckConstraint(
                condition=Q(link="") | (Q(link__startswith="/") & ~Q(link__startswith="//")),
                name="letter_links_into_the_portal",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="letter_due"),
            models.Index(fields=["created_at"], name="letter_by_time"),
        ]

    def __str__(self) -> str:
        return self.title_text


def _filled(source: str, parameters: dict[str, str]) -> str:
    """The source string in the active language, with its places filled."""
    if not source:
        return ""
    parameters = {
        name: gettext(value) if name in _SOURCES and value else value for name, value in parameters.items()
    }
    try:
        return gettext(source) % parameters if parameters else gettext(source)
    except (KeyError, ValueError):
        # A translation that lost a place must not hide the message.
        return source % parameters
