"""What the objects in the record are called now. Each app says so of its own kinds; the record itself holds ids."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Model

from litemaas.ids import uuid_of

# (type, id), as the record has them.
Resource = tuple[str, str]

# What names the objects of a type: a model and its fields.
Source = tuple[type[Model], tuple[str, ...]]

_named: dict[str, Source] = {}


def name_with(kind: str, model: type[Model], *fields: str) -> None:
    """`kind` is a type of the record whose ids are primary keys (UUIDs) of `model`; `fields` make the name."""
    _named[kind] = model, fields


def names_of(resources: Iterable[Resource]) -> dict[Resource, str]:
    """Without those that have no name, or that are gone: one statement for each kind of thing among them."""
    asked: dict[Source, dict[UUID, set[Resource]]] = {}
    for kind, key in resources:
        if kind in _named and (found := uuid_of(key)):
            asked.setdefault(_named[kind], {}).setdefault(found, set()).add((kind, key))
    names: dict[Resource, str] = {}
    for (model, fields), ids in asked.items():
        for pk, *parts in model._default_manager.filter(pk__in=ids).values_list("pk", *fields):
            names |= dict.fromkeys(ids[pk], ": ".join(str(part) for part in parts))
    return names
