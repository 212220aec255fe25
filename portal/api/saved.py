"""What people keep of the playground: prompts, presets and conversations, each their owner's alone (contract §20)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Func, IntegerField, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.views import ContractView, body_of, created
from portal.api import playground_schema as schema
from portal.models import SavedConversation, SavedPreset, SavedPrompt
from portal.playground import saving

Json = dict[str, Any]
_PAGE = [OpenApiParameter("page", int), OpenApiParameter("limit", int)]
_COUNT = Func(F("messages"), function="jsonb_array_length", output_field=IntegerField())


@dataclass(frozen=True)
class _Kind:
    """What is kept. `use_cases` save, change and delete; `member` is the name in the address and of the use cases."""

    member: str
    rows: Any
    given: type[schema.Shape]
    shown: type[schema.Shape]
    page: Any
    use_cases: tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]
    present: Callable[[Any], Json]
    summary: Callable[[Any], Json]
    listed: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows


def _views(kind: _Kind) -> tuple[type[ContractView], type[ContractView]]:
    """The views of the list and of one row."""
    save, change, delete = kind.use_cases

    class Many(ContractView):
        permissions_needed: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN}
        person_only: ClassVar = True

        @extend_schema(parameters=_PAGE, responses=kind.page, operation_id=f"list_{kind.member}s")
        def get(self, request: Request) -> Response:
            own = kind.rows.visible_to(actor_of(request)).order_by("-updated_at", "id")
            return Response(page_of(request, kind.listed(own), kind.summary))

        @extend_schema(request=kind.given, responses={201: kind.shown}, operation_id=f"save_{kind.member}")
        def post(self, request: Request) -> Response:
            values = body_of(request, kind.given)
            return created(kind.present(save(actor=actor_of(request), values=values, now=timezone.now())))

    class One(ContractView):
        permissions_needed: ClassVar = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}
        person_only: ClassVar = True

        @extend_schema(responses=kind.shown, operation_id=f"read_{kind.member}")
        def get(self, request: Request, **which: UUID) -> Response:
            [pk] = which.values()
            return Response(kind.present(kind.rows.visible_to(actor_of(request)).get_or_refuse(pk)))

        @extend_schema(
            request=kind.given(partial=True), responses=kind.shown, operation_id=f"change_{kind.member}"
        )
        def patch(self, request: Request, **which: UUID) -> Response:
            values = body_of(request, kind.given, partial=True)
            return Response(
                kind.present(change(actor=actor_of(request), values=values, now=timezone.now(), **which))
            )

        @extend_schema(responses={204: None}, operation_id=f"delete_{kind.member}")
        def delete(self, request: Request, **which: UUID) -> Response:
            delete(actor=actor_of(request), **which)
            return Response(status=204)

    return Many, One


def _of(row: Any, **more: Any) -> Json:
    return {
        "id": row.pk,
        "name": row.name,
        **more,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def _prompt(row: SavedPrompt) -> Json:
    return _of(row, text=row.text)


def _preset(row: SavedPreset) -> Json:
    return _of(row, settings=row.settings)


def _summary(row: Any) -> Json:
    count = row.message_count if hasattr(row, "message_count") else len(row.messages)
    return _of(row, model=row.model or None, messageCount=count)


def _conversation(row: SavedConversation) -> Json:
    return {**_summary(row), "messages": row.messages}


PromptsView, PromptView = _views(
    _Kind(
        "prompt",
        SavedPrompt.objects,
        schema.PromptIn,
        schema.SavedPromptOut,
        schema.SavedPromptPageOut,
        (saving.save_prompt, saving.change_prompt, saving.delete_prompt),
        _prompt,
        _prompt,
    )
)
PresetsView, PresetView = _views(
    _Kind(
        "preset",
        SavedPreset.objects,
        schema.PresetIn,
        schema.SavedPresetOut,
        schema.SavedPresetPageOut,
        (saving.save_preset, saving.change_preset, saving.delete_preset),
        _preset,
        _preset,
    )
)
_Conversations, ConversationView = _views(
    _Kind(
        "conversation",
        SavedConversation.objects,
        schema.ConversationIn,
        schema.WholeConversationOut,
        schema.SavedConversationPageOut,
        (saving.save_conversation, saving.change_conversation, saving.delete_conversation),
        _conversation,
        _summary,
        listed=lambda rows: rows.defer("messages").annotate(message_count=_COUNT),
    )
)


class ConversationsView(_Conversations):  # type: ignore[valid-type,misc]  # made above
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN, "DELETE": SIGNED_IN}

    @extend_schema(responses=schema.DeletedCountOut, operation_id="delete_all_conversations")
    def delete(self, request: Request) -> Response:
        count = saving.delete_all_conversations(actor=actor_of(request))
        return Response({"message": "Your saved conversations were deleted.", "deletedCount": count})
