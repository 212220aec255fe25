"""The gateway's answer on its way to the browser, as server-sent events: measured, and closed by what it cost.

A chat is in OpenAI's form. Before `[DONE]` comes one more chunk without choices whose member `litemaas` holds the
figures. An error that comes after the answer has begun is an event with the member `error`, as the contract has it.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import orjson
import structlog
from django.utils.translation import gettext as _

from litellm_sync.errors import GatewayGarbage
from litemaas.api.problems import problem_body
from litemaas.api.rendering import dumps
from litemaas.errors import DomainError
from portal.playground import calling
from portal.playground.calling import Conversation
from portal.playground.figures import Figures, with_figures

log = structlog.get_logger(__name__)

_BREAK = re.compile(rb"\r?\n\r?\n")
_DONE = b"data: [DONE]\n\n"
# A comment: clients skip it, and sending it shows whether anybody is still there.
_PULSE = b": \n\n"
_LONGEST_EVENT = 4 * 1024 * 1024
_TOKENS = ("content", "reasoning_content", "tool_calls", "refusal")


class Relay:
    """An iterable for a streaming response, which closes it. What it passes on is `_events`."""

    def __init__(self, conversation: Conversation, figures: Figures, path: str) -> None:
        self._conversation, self._figures, self._path = conversation, figures, path

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._events()
        except DomainError as error:
            log.info("a model's answer broke off", code=error.code, reason=str(error))
            yield self._failure(error)
        yield _DONE

    def close(self) -> None:
        self._conversation.close()

    @abstractmethod
    def _events(self) -> Iterator[bytes]: ...

    def _parts(self) -> Iterator[bytes]:
        """The body as it comes, b"" at once and after each moment while there is nothing. Raises refusals."""
        if self._conversation.status is None:
            yield b""
        while (part := self._conversation.next_part()) is not None:
            if self._conversation.status is not None:
                self._conversation.require_success()
            yield part

    def _failure(self, error: DomainError) -> bytes:
        body = problem_body(error.code, error.message, path=self._path, details=dict(error.data))
        return _event({"error": body["error"]})


class WholeRelay(Relay):
    """An answer in one piece as one event. That it is a stream lets somebody hang up who waits for it."""

    def _events(self) -> Iterator[bytes]:
        content = b""
        for part in self._parts():
            content += part
            if len(content) > calling.LARGEST_ANSWER:
                raise GatewayGarbage(_("the answer is too large"), status=self._conversation.status)
            if not part:
                yield _PULSE
        yield _event(with_figures(self._conversation.hide_in(content), self._figures))


class ChatRelay(Relay):
    """The gateway's events one by one, then one chunk more."""

    def __init__(self, conversation: Conversation, figures: Figures, path: str) -> None:
        super().__init__(conversation, figures, path)
        self._rest = b""
        self._head: dict[str, Any] = {}

    def _events(self) -> Iterator[bytes]:
        for part in self._parts():
            if part:
                self._require_stream()
            found = b"".join(self._whole(part))
            if found:
                yield found
            elif not part:
                yield _PULSE
        yield self._last_chunk()

    def _require_stream(self) -> None:
        if self._conversation.content_type != "text/event-stream":
            raise GatewayGarbage(_("the answer is no stream of events"), status=self._conversation.status)

    def _whole(self, part: bytes) -> Iterator[bytes]:
        """The events that are complete with this part."""
        *whole, self._rest = _BREAK.split(self._rest + part)
        if len(self._rest) > _LONGEST_EVENT:
            raise GatewayGarbage(_("an event of the answer is too long"))
        for event in whole:
            if event.startswith(b"data:") and not self._is_last(event):
                yield self._conversation.hide_in(event) + b"\n\n"

    def _is_last(self, event: bytes) -> bool:
        """Whether nothing comes after it; on the way, what it tells is noted."""
        content = event[5:].strip()
        if content == b"[DONE]":
            return True
        if not self._figures.has_first_token or b'"usage"' in content or content.startswith(b'{"error"'):
            self._note(content)
        return False

    def _note(self, content: bytes) -> None:
        try:
            chunk = orjson.loads(content)
        except orjson.JSONDecodeError:
            return
        if not isinstance(chunk, dict):
            return
        if chunk.get("error"):
            raise self._conversation.refusal(content, chunk["error"])
        self._head = self._head or {name: chunk.get(name) for name in ("id", "created", "model")}
        if not self._figures.has_first_token and _says_something(chunk):
            self._figures.note_first_token()
        if chunk.get("usage"):
            self._figures.note_usage(chunk["usage"])

    def _last_chunk(self) -> bytes:
        chunk: dict[str, Any] = {**self._head, "object": "chat.completion.chunk", "choices": []}
        if self._figures.usage:
            chunk["usage"] = self._figures.usage
        return _event({**chunk, "litemaas": self._figures.shown()})


def _event(content: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % dumps(content)


def _says_something(chunk: dict[str, Any]) -> bool:
    choices = chunk.get("choices")
    deltas = [c.get("delta") for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
    return any(delta.get(name) for delta in deltas if isinstance(delta, dict) for name in _TOKENS)
