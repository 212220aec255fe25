"""One call of a model through the gateway, with a place and without a turn (ADR 8)."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from apikeys.secrets import token_hash
from apikeys.services import LentKey
from litellm_sync.client.model_call import ModelCall, open_model_call
from litellm_sync.errors import GatewayGarbage, GatewayTimedOut
from litemaas import turns
from litemaas.errors import DomainError
from litemaas.redaction import MASK, redact_text
from portal.playground.places import Place, Places
from portal.playground.refusals import refusal_of

# Seconds: until the first byte, and between two.
PATIENCE = 60.0
# A long document is one answer that begins when it is whole.
PATIENCE_FOR_DOCUMENTS = 300.0
# Until then a refusal has a status of its own; later ones come as an event of a stream that has begun. Nobody notices
# before that somebody has gone.
HEAD_WITHIN = 0.75
# How soon that is noticed afterwards, while the model says nothing.
PULSE = 0.5
LONGEST = 600.0
LARGEST_ANSWER = 16 * 1024 * 1024

places = Places(settings.PLAYGROUND_STREAMS, each=settings.PLAYGROUND_STREAMS_PER_USER)


class Conversation:
    """A call that is being answered. `close` hangs up, and gives the place back."""

    def __init__(self, call: ModelCall, key: LentKey, place: Place) -> None:
        self._call, self._place = call, place
        self._secret = key.secret
        self._ends_at = time.monotonic() + LONGEST

    @property
    def status(self) -> int | None:
        return self._call.status

    @property
    def content_type(self) -> str:
        return self._call.headers.get("content-type", "").partition(";")[0].strip().lower()

    def next_part(self) -> bytes | None:
        """As of `ModelCall`. Raises GatewayTimedOut as well when it all takes too long."""
        if time.monotonic() > self._ends_at:
            raise GatewayTimedOut(_("the answer took too long"))
        return self._call.next_part(PULSE)

    def read(self) -> bytes:
        """All of the body."""
        parts, size = [], 0
        while (part := self.next_part()) is not None:
            size += len(part)
            if size > LARGEST_ANSWER:
                raise GatewayGarbage(_("the answer is too large"), status=self.status)
            parts.append(part)
        return b"".join(parts)

    def require_success(self) -> None:
        """Raises what the gateway's refusal means."""
        if self.status != 200:
            raise refusal_of(self.status or 0, self._call.headers, self.read(), self.hide)

    def refusal(self, content: bytes, error: Any) -> DomainError:
        """What an error in the middle of a stream means; LiteLLM writes it as the body of an answer."""
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        return refusal_of(int(code) if code.isdigit() else 500, {}, content, self.hide)

    def hide(self, text: str) -> str:
        """Without the secret, or the gateway's name for it, which it repeats in some refusals."""
        return redact_text(text.replace(self._secret, MASK).replace(token_hash(self._secret), MASK))

    def hide_in(self, content: bytes) -> bytes:
        """The same for what a model says, which is left alone otherwise."""
        secret = self._secret.encode()
        return content.replace(secret, MASK.encode()) if secret in content else content

    def close(self) -> None:
        self._call.close()
        self._place.give_back()


def begin(
    person: UUID,
    key: LentKey,
    path: str,
    body: Mapping[str, Any],
    *,
    head_within: float,
    patience: float | None = None,
) -> Conversation:
    """Call the gateway and wait a moment for its answer to begin. Raises what its refusal means."""
    place = places.take(person)
    try:
        call = open_model_call(
            settings.LITELLM_API_URL, path, key.secret, body, patience=patience or PATIENCE
        )
    except BaseException:
        place.give_back()
        raise
    conversation = Conversation(call, key, place)
    try:
        if call.wait_for_head(head_within):
            conversation.require_success()
    except BaseException:
        conversation.close()
        raise
    return conversation


def ask(
    person: UUID, key: LentKey, path: str, body: Mapping[str, Any], *, patience: float | None = None
) -> bytes:
    """The whole answer. Another request has this one's turn meanwhile."""
    with turns.given_back():
        conversation = begin(person, key, path, body, head_within=patience or PATIENCE, patience=patience)
        try:
            conversation.require_success()
            return conversation.hide_in(conversation.read())
        finally:
            conversation.close()


def listen(
    person: UUID, key: LentKey, path: str, body: Mapping[str, Any], *, patience: float | None = None
) -> Conversation:
    """The same for an answer that comes bit by bit, or that somebody may not want to wait for."""
    with turns.given_back():
        return begin(person, key, path, body, head_within=HEAD_WITHIN, patience=patience)
