"""Mails: one look for all of them, text and HTML with the same facts, in the language of whoever reads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, in the reader's language already. `quote` is what a person wrote. `link` is a whole address
    and `action` its words. `notes` stand below it in small print."""

    subject: str
    paragraphs: list[str] = field(default_factory=list)
    quote: str = ""
    action: str = ""
    link: str = ""
    notes: list[str] = field(default_factory=list)


@contextmanager
def in_language_of(preferences: Mapping[str, Any] | None) -> Iterator[None]:
    """The language of somebody's preferences, or the deployment's."""
    chosen = (preferences or {}).get("language")
    known = chosen in dict(settings.LANGUAGES)
    with translation.override(chosen if known else settings.LANGUAGE_CODE):
        yield


def compose(
    content: Content, *, to: str, message_id: str = "", preferences_address: str = ""
) -> EmailMultiAlternatives:
    """The message, in the active language. Sent twice with one `message_id` it is one mail to mail servers.

    With `preferences_address` it says where such mails are turned off; those about one's own account can't be.
    """
    values = {
        "content": content,
        "portal_name": settings.PORTAL_NAME,
        "portal_address": settings.PUBLIC_URL.rstrip("/"),
        "preferences_address": preferences_address,
    }
    text = render_to_string("mail/letter.txt", values)
    headers = {"Auto-Submitted": "auto-generated"}
    if message_id:
        headers["Message-ID"] = f"<{message_id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"
    if preferences_address:
        headers["List-Unsubscribe"] = f"<{preferences_address}>"
    subject = " ".join(content.subject.split())
    message = EmailMultiAlternatives(subject, text.strip() + "\n", to=[to], headers=headers)
    message.attach_alternative(render_to_string("mail/letter.html", values), "text/html")
    return message


def address_of(path: str) -> str:
    """The whole address of a path of the portal."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"
