"""Ids that came as text, from clients, pages or the gateway, where any text may stand."""

from collections.abc import Iterable
from uuid import UUID


def uuid_of(text: str) -> UUID | None:
    """None where it is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuids_of(texts: Iterable[str]) -> list[UUID]:
    """Those that are UUIDs, in their order."""
    return [found for text in texts if (found := uuid_of(text)) is not None]
