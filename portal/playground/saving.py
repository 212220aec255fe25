"""Use cases of saved prompts, presets and conversations. Only their owner ever sees them, so nothing of it is audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from litemaas.errors import DomainError, InvalidInput
from portal.models import SavedConversation, SavedPreset, SavedPrompt

MOST = 200


class TooManySaved(DomainError):
    """`data`: limit."""

    code = "INVALID_INPUT"
    default_message = gettext_lazy("You have saved %(most)s of them. Delete one first.") % {"most": MOST}


@transaction.atomic
def save_prompt(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedPrompt:
    """`values`: name and text."""
    _require_room(actor, SavedPrompt)
    return SavedPrompt.objects.create(owner=actor, **values, created_at=now, updated_at=now)


@transaction.atomic
def change_prompt(
    *, actor: User, prompt_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedPrompt:
    prompt = SavedPrompt.objects.visible_to(actor).select_for_update(no_key=True).get_or_refuse(prompt_id)
    for name, value in values.items():
        setattr(prompt, name, value)
    prompt.updated_at = max(now, prompt.updated_at)
    prompt.save()
    return prompt


def delete_prompt(*, actor: User, prompt_id: UUID | str) -> None:
    SavedPrompt.objects.visible_to(actor).get_or_refuse(prompt_id).delete()


@transaction.atomic
def save_preset(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedPreset:
    """`values`: name and settings."""
    _require_room(actor, SavedPreset)
    return SavedPreset.objects.create(owner=actor, **values, created_at=now, updated_at=now)


@transaction.atomic
def change_preset(
    *, actor: User, preset_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedPreset:
    """Settings replace all former ones."""
    preset = SavedPreset.objects.visible_to(actor).select_for_update(no_key=True).get_or_refuse(preset_id)
    for name, value in values.items():
        setattr(preset, name, value)
    preset.updated_at = max(now, preset.updated_at)
    preset.save()
    return preset


def delete_preset(*, actor: User, preset_id: UUID | str) -> None:
    SavedPreset.objects.visible_to(actor).get_or_refuse(preset_id).delete()


@transaction.atomic
def save_conversation(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedConversation:
    """`values`: name, messages and, if known, model."""
    _require_size(values)
    _require_room(actor, SavedConversation)
    return SavedConversation.objects.create(owner=actor, **values, created_at=now, updated_at=now)


@transaction.atomic
def change_conversation(
    *, actor: User, conversation_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedConversation:
    _require_size(values)
    own = SavedConversation.objects.visible_to(actor).select_for_update(no_key=True)
    conversation = own.get_or_refuse(conversation_id)
    for name, value in values.items():
        setattr(conversation, name, value)
    conversation.updated_at = max(now, conversation.updated_at)
    conversation.save()
    return conversation


def delete_conversation(*, actor: User, conversation_id: UUID | str) -> None:
    SavedConversation.objects.visible_to(actor).get_or_refuse(conversation_id).delete()


def delete_all_conversations(*, actor: User) -> int:
    """How many there were."""
    return SavedConversation.objects.visible_to(actor).delete()[0]


def _require_room(actor: User, kind: type[SavedPrompt] | type[SavedPreset] | type[SavedConversation]) -> None:
    """Locked, so that parallel ones can't slip past the count."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=actor.pk)
    if kind.objects.visible_to(actor).count() >= MOST:
        raise TooManySaved(limit=MOST)


def _require_size(values: Mapping[str, Any]) -> None:
    if len(orjson.dumps(values.get("messages"))) > SavedConversation.MOST_BYTES:
        size = f"{SavedConversation.MOST_BYTES // 1024} KiB"
        raise InvalidInput(
            fields={"messages": _("A conversation may be %(size)s long. Save a part of it.") % {"size": size}}
        )
