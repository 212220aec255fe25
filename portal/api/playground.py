"""Calls of models with the caller's own key, which the server adds (contract §20)."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import options
from accounts.api.authentication import actor_of
from apikeys.services import LentKey, lend_key_for_call
from litemaas.api.parsing import StrictJSONParser
from litemaas.api.views import ContractView, body_of
from portal.api import playground_schema as schema
from portal.playground import calling
from portal.playground.figures import Figures, with_figures
from portal.playground.relay import ChatRelay, Relay, WholeRelay


class _LargerParser(StrictJSONParser):
    """Pictures come in the body."""

    most_bytes = 4 * 1024 * 1024


class _CallView(ContractView):
    """For people only: what is called is charged to their key."""

    permissions_needed: ClassVar = {"POST": "api_keys:write"}
    person_only: ClassVar = True
    only_asks: ClassVar = True
    rate_bucket: ClassVar = "playground"
    _parsers = (_LargerParser(),)

    def _lent(self, request: Request, body: dict[str, Any]) -> LentKey:
        return lend_key_for_call(
            actor=actor_of(request), key_id=body["apiKeyId"], model=body["model"], now=timezone.now()
        )


class _Stream(StreamingHttpResponse):
    """Reads no database, and so holds no turn while the model thinks."""

    needs_turn = False

    def __init__(self, relay: Relay) -> None:
        # Proxies in front must not collect what comes.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(relay, content_type="text/event-stream; charset=utf-8", headers=headers)


class ChatView(_CallView):
    """One chat. `stream` (true) answers with server-sent events: the gateway's, then one whose member `litemaas` says
    what it took, then `[DONE]`. An error after the beginning is an event with the member `error`. Hanging up ends the
    call at the gateway. Without `stream`, `Accept: text/event-stream` makes the whole answer one event."""

    @extend_schema(
        request=schema.ChatIn,
        responses={
            (200, "application/json"): schema.ChatOut,
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR),
        },
        operation_id="chat_in_playground",
    )
    def post(self, request: Request) -> HttpResponseBase:
        body = body_of(request, schema.ChatIn)
        person, key = actor_of(request), self._lent(request, body)
        figures = Figures(key, options.recent("currency"))
        sent = {name: value for name, value in body.items() if name != "apiKeyId"}
        if not body["stream"]:
            return _whole(request, figures, (person.pk, key, "/v1/chat/completions", sent))
        sent["stream_options"] = {"include_usage": True}
        conversation = calling.listen(person.pk, key, "/v1/chat/completions", sent)
        return _Stream(ChatRelay(conversation, figures, request.path))


class EmbeddingsView(_CallView):
    """`Accept: text/event-stream` makes the answer one event of a stream, which can be hung up on."""

    @extend_schema(
        request=schema.EmbeddingsIn,
        responses={
            (200, "application/json"): schema.EmbeddingsOut,
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR),
        },
        operation_id="embed_in_playground",
    )
    def post(self, request: Request) -> HttpResponseBase:
        body = body_of(request, schema.EmbeddingsIn)
        key = self._lent(request, body)
        figures = Figures(key, options.recent("currency"))
        sent = {name: value for name, value in body.items() if name != "apiKeyId"}
        return _whole(request, figures, (actor_of(request).pk, key, "/v1/embeddings", sent))


class ConversionsView(_CallView):
    """One document made into Markdown. The gateway hands it to docling, which fetches the address; what answers is
    docling's. `stream` (true) answers with server-sent events: comments while it works, then the whole answer as one
    event with what it took in `litemaas`, then `[DONE]`. Hanging up ends the call at the gateway."""

    @extend_schema(
        request=schema.ConversionIn,
        responses={
            (200, "application/json"): schema.ConversionOut,
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR),
        },
        operation_id="convert_in_playground",
    )
    def post(self, request: Request) -> HttpResponseBase:
        body = body_of(request, schema.ConversionIn)
        person, key = actor_of(request), self._lent(request, body)
        figures = Figures(key, options.recent("currency"))
        call = (person.pk, key, "/docling/v1/convert/source", _conversion(body["model"], body["url"]))
        return _whole(
            request, figures, call, as_event=body["stream"], patience=calling.PATIENCE_FOR_DOCUMENTS
        )


def _whole(
    request: Request,
    figures: Figures,
    call: tuple[UUID, LentKey, str, dict[str, Any]],
    *,
    as_event: bool | None = None,
    patience: float | None = None,
) -> HttpResponseBase:
    """An answer in one piece. As one event of a stream, which is asked for by `Accept` unless `as_event` says it, the
    caller can hang up while the model thinks."""
    if as_event is None:
        as_event = request.headers.get("Accept", "").startswith("text/event-stream")
    if as_event:
        return _Stream(WholeRelay(calling.listen(*call, patience=patience), figures, request.path))
    return Response(with_figures(calling.ask(*call, patience=patience), figures))


def _conversion(model: str, url: str) -> dict[str, Any]:
    """As in the snippets (ui.md §3.8)."""
    source = {"kind": "http", "url": url}
    return {"model": model, "sources": [source], "options": {"image_export_mode": "placeholder"}}
