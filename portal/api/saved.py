"""One's own saved prompts and conversations (contract §20)."""

from typing import Any, ClassVar

from django.db.models import F, Func, IntegerField
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of, created
from portal.api import playground_schema as schema
from portal.models import SavedConversation, SavedPrompt
from portal.playground import saving

_COUNT = Func(F("messages"), function="jsonb_array_length", output_field=IntegerField())


def _prompt(row: SavedPrompt) -> dict[str, Any]:
    times = {"createdAt": row.created_at, "updatedAt": row.updated_at}
    return {"id": row.pk, "name": row.name, "text": row.text, **times}


def _summary(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "model": row.model or None,
        "messageCount": row.message_count if hasattr(row, "message_count") else len(row.messages),
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def _conversation(row: SavedConversation) -> dict[str, Any]:
    return {**_summary(row), "messages": row.messages}


class PromptsView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(
        parameters=page_parameters(), responses=schema.SavedPromptPageOut, operation_id="list_prompts"
    )
    def get(self, request: Request) -> Response:
        own = SavedPrompt.objects.visible_to(actor_of(request)).order_by("-updated_at", "id")
        return Response(page_of(request, own, _prompt))

    @extend_schema(
        request=schema.PromptIn, responses={201: schema.SavedPromptOut}, operation_id="save_prompt"
    )
    def post(self, request: Request) -> Response:
        values = body_of(request, schema.PromptIn)
        return created(
            _prompt(saving.save_prompt(actor=actor_of(request), values=values, now=timezone.now()))
        )


class PromptView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(responses=schema.SavedPromptOut, operation_id="read_prompt")
    def get(self, request: Request, prompt_id: str) -> Response:
        return Response(_prompt(SavedPrompt.objects.visible_to(actor_of(request)).get_or_refuse(prompt_id)))

    @extend_schema(
        request=schema.PromptIn(partial=True), responses=schema.SavedPromptOut, operation_id="change_prompt"
    )
    def patch(self, request: Request, prompt_id: str) -> Response:
        values = body_of(request, schema.PromptIn, partial=True)
        changed = saving.change_prompt(
            actor=actor_of(request), prompt_id=prompt_id, values=values, now=timezone.now()
        )
        return Response(_prompt(changed))

    @extend_schema(responses={204: None}, operation_id="delete_prompt")
    def delete(self, request: Request, prompt_id: str) -> Response:
        saving.delete_prompt(actor=actor_of(request), prompt_id=prompt_id)
        return Response(status=204)


class ConversationsView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN, "DELETE": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(
        parameters=page_parameters(),
        responses=schema.SavedConversationPageOut,
        operation_id="list_conversations",
    )
    def get(self, request: Request) -> Response:
        own = SavedConversation.objects.visible_to(actor_of(request)).order_by("-updated_at", "id")
        return Response(page_of(request, own.defer("messages").annotate(message_count=_COUNT), _summary))

    @extend_schema(
        request=schema.ConversationIn,
        responses={201: schema.WholeConversationOut},
        operation_id="save_conversation",
    )
    def post(self, request: Request) -> Response:
        values = body_of(request, schema.ConversationIn)
        saved = saving.save_conversation(actor=actor_of(request), values=values, now=timezone.now())
        return created(_conversation(saved))

    @extend_schema(responses=schema.DeletedCountOut, operation_id="delete_all_conversations")
    def delete(self, request: Request) -> Response:
        count = saving.delete_all_conversations(actor=actor_of(request))
        return Response({"message": "Your saved conversations were deleted.", "deletedCount": count})


class ConversationView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(responses=schema.WholeConversationOut, operation_id="read_conversation")
    def get(self, request: Request, conversation_id: str) -> Response:
        own = SavedConversation.objects.visible_to(actor_of(request))
        return Response(_conversation(own.get_or_refuse(conversation_id)))

    @extend_schema(
        request=schema.ConversationIn(partial=True),
        responses=schema.WholeConversationOut,
        operation_id="change_conversation",
    )
    def patch(self, request: Request, conversation_id: str) -> Response:
        changed = saving.change_conversation(
            actor=actor_of(request),
            conversation_id=conversation_id,
            values=body_of(request, schema.ConversationIn, partial=True),
            now=timezone.now(),
        )
        return Response(_conversation(changed))

    @extend_schema(responses={204: None}, operation_id="delete_conversation")
    def delete(self, request: Request, conversation_id: str) -> Response:
        saving.delete_conversation(actor=actor_of(request), conversation_id=conversation_id)
        return Response(status=204)
