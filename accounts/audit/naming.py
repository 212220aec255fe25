"""What the objects in the record are called now. Each app says so of its own kinds; the record itself holds ids."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Model

# (type, id), as the record has them.
Resource = tuple[str, str]

_named: dict[str, tuple[type[Model], tuple[str, ...]]] = {}


def name_with(kind: str, model: type[Model], *fields: str) -> None:
    """`kind` is a type of the record whose ids are primary keys (UUIDs) of `model`; `fields` make the name."""
    _named[kind] = model, fields


def names_of(resources: Iterable[Resource]) -> dict[Resource, str]:
    """Without those that have no name, or that are gone: one statement for each type among them."""
    asked: dict[str, set[UUID]] = {}
    for kind, key in resources:
        if kind in _named and (found := _as_uuid(key)):
            asked.setdefault(kind, set()).add(found)
    names = {}
    for kind, ids in asked.items():
        model, fields = _named[kind]
        for pk, *parts in model._default_manager.filter(pk__in=ids).values_list("pk", *fields):
            names[kind, str(pk)] = ": ".join(str(part) for part in parts)
    return names


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
