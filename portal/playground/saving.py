"""Use cases of saved prompts, presets and conversations. Only their owner ever sees them, so nothing of it is audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from litemaas.api.rendering import dumps
from litemaas.errors import DomainError, InvalidInput
from portal.models import SavedConversation, SavedPreset, SavedPrompt

MOST = 200
_Saved = TypeVar("_Saved", SavedPrompt, SavedPreset, SavedConversation)


class TooManySaved(DomainError):
    """`data`: limit."""

    code = "INVALID_INPUT"
    default_message = gettext_lazy("You have saved %(most)s of them. Delete one first.") % {"most": MOST}


@transaction.atomic
def save_prompt(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedPrompt:
    """`values`: name and text."""
    return _save(SavedPrompt, actor, values, now)


@transaction.atomic
def change_prompt(
    *, actor: User, prompt_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedPrompt:
    return _change(SavedPrompt, actor, prompt_id, values, now)


def delete_prompt(*, actor: User, prompt_id: UUID | str) -> None:
    SavedPrompt.objects.visible_to(actor).get_or_refuse(prompt_id).delete()


@transaction.atomic
def save_preset(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedPreset:
    """`values`: name and settings."""
    return _save(SavedPreset, actor, values, now)


@transaction.atomic
def change_preset(
    *, actor: User, preset_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedPreset:
    """Settings replace all former ones."""
    return _change(SavedPreset, actor, preset_id, values, now)


def delete_preset(*, actor: User, preset_id: UUID | str) -> None:
    SavedPreset.objects.visible_to(actor).get_or_refuse(preset_id).delete()


@transaction.atomic
def save_conversation(*, actor: User, values: Mapping[str, Any], now: datetime) -> SavedConversation:
    """`values`: name, messages and, if known, model."""
    _require_size(values)
    return _save(SavedConversation, actor, values, now)


@transaction.atomic
def change_conversation(
    *, actor: User, conversation_id: UUID | str, values: Mapping[str, Any], now: datetime
) -> SavedConversation:
    _require_size(values)
    return _change(SavedConversation, actor, conversation_id, values, now)


def delete_conversation(*, actor: User, conversation_id: UUID | str) -> None:
    SavedConversation.objects.visible_to(actor).get_or_refuse(conversation_id).delete()


def delete_all_conversations(*, actor: User) -> int:
    """How many there were."""
    return SavedConversation.objects.visible_to(actor).delete()[0]


def _save(kind: type[_Saved], actor: User, values: Mapping[str, Any], now: datetime) -> _Saved:
    """The owner is locked, so that parallel ones can't slip past the count."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=actor.pk)
    if kind.objects.visible_to(actor).count() >= MOST:
        raise TooManySaved(limit=MOST)
    return kind.objects.create(owner=actor, **values, created_at=now, updated_at=now)


def _change(
    kind: type[_Saved], actor: User, pk: UUID | str, values: Mapping[str, Any], now: datetime
) -> _Saved:
    row = kind.objects.visible_to(actor).select_for_update(no_key=True).get_or_refuse(pk)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = max(now, row.updated_at)
    row.save()
    return row


def _require_size(values: Mapping[str, Any]) -> None:
    if len(dumps(values.get("messages"))) > SavedConversation.MOST_BYTES:
        size = f"{SavedConversation.MOST_BYTES // 1024} KiB"
        raise InvalidInput(
            fields={"messages": _("A conversation may be %(size)s long. Save a part of it.") % {"size": size}}
        )
