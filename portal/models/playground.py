"""What people keep from the playground: prompts, presets, and conversations if they wish."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from litemaas.errors import NotFound

if TYPE_CHECKING:
    from accounts.models import Actor


class SavedPromptQuerySet(models.QuerySet["SavedPrompt"]):
    def visible_to(self, actor: "Actor") -> "SavedPromptQuerySet":
        """One's own, also for operators."""
        return self.filter(owner=actor.pk)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "SavedPrompt":
        try:
            return self.get(pk=pk)
        except SavedPrompt.DoesNotExist:
            raise NotFound(_("This prompt does not exist, or it is not yours.")) from None


class SavedPrompt(models.Model):
    """A text to begin with, under a name that its owner gave it."""

    LONGEST_TEXT = 20_000

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="prompts")
    name = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = SavedPromptQuerySet.as_manager()

    class Meta:
        db_table = "playground_prompts"
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(text=""), name="prompt_is_not_empty"),
        ]
        indexes = [models.Index(fields=["owner", "-updated_at", "id"], name="prompt_of_owner")]

    def __str__(self) -> str:
        return self.name


class SavedPresetQuerySet(models.QuerySet["SavedPreset"]):
    def visible_to(self, actor: "Actor") -> "SavedPresetQuerySet":
        """One's own, also for operators."""
        return self.filter(owner=actor.pk)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "SavedPreset":
        try:
            return self.get(pk=pk)
        except SavedPreset.DoesNotExist:
            raise NotFound(_("This preset does not exist, or it is not yours.")) from None


class SavedPreset(models.Model):
    """Settings of a chat under a name: `settings` holds model, system, temperature, maxTokens, topP, stop and stream,
    as far as they were set. Never a key: who takes a preset up uses one of their own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presets")
    name = models.CharField(max_length=200)
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = SavedPresetQuerySet.as_manager()

    class Meta:
        db_table = "playground_presets"
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="preset_has_a_name"),
        ]
        indexes = [models.Index(fields=["owner", "-updated_at", "id"], name="preset_of_owner")]

    def __str__(self) -> str:
        return self.name


class SavedConversationQuerySet(models.QuerySet["SavedConversation"]):
    def visible_to(self, actor: "Actor") -> "SavedConversationQuerySet":
        """One's own, also for operators."""
        return self.filter(owner=actor.pk)

    def get_or_refuse(self, pk: uuid.UUID | str) -> "SavedConversation":
        try:
            return self.get(pk=pk)
        except SavedConversation.DoesNotExist:
            raise NotFound(_("This conversation does not exist, or it is not yours.")) from None


class SavedConversation(models.Model):
    """`messages` in OpenAI's form: a list of objects with `role` and `content`."""

    MOST_BYTES = 256 * 1024

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    name = models.CharField(max_length=200)
    model = models.CharField(max_length=255, blank=True, default="")
    messages = models.JSONField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = SavedConversationQuerySet.as_manager()

    class Meta:
        db_table = "playground_conversations"
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="conversation_has_a_name"),
        ]
        indexes = [models.Index(fields=["owner", "-updated_at", "id"], name="conversation_of_owner")]

    def __str__(self) -> str:
        return self.name
