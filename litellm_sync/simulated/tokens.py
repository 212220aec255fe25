"""How many tokens a text has, near enough: four characters each, and LiteLLM's overhead per message."""

import math
from typing import Any

_PER_MESSAGE = 4
_PER_CHAT = 3
_PER_IMAGE = 85


def of_text(text: str) -> int:
    return math.ceil(len(text) / 4)


def of_chat(messages: list[Any]) -> int:
    return _PER_CHAT + sum(_PER_MESSAGE + _of_content(message.get("content")) for message in messages)


def of_input(value: Any) -> int:
    """Of an embedding's input: a text, texts, tokens or lists of tokens."""
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, list):
        return sum(1 if isinstance(item, int) else of_input(item) for item in value)
    return 0


def last_words(messages: list[Any]) -> str:
    """The text of the last message."""
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content if isinstance(part, dict))
    return str(content or "")


def _of_content(content: Any) -> int:
    if isinstance(content, list):
        return sum(_of_part(part) for part in content)
    return of_text(str(content or ""))


def _of_part(part: Any) -> int:
    if isinstance(part, dict) and part.get("type") == "image_url":
        return _PER_IMAGE
    return of_text(str(part.get("text", "")) if isinstance(part, dict) else str(part))
