"""What a period's usage can be narrowed to: everything with traffic in it, also what is retired or gone by now."""

from dataclasses import dataclass
from datetime import datetime

from usage.cubes.distinct import present
from usage.models import NOBODY
from usage.naming import KeyName, UserName, key_names, user_names
from usage.questions import Question


@dataclass(frozen=True, slots=True)
class ModelName:
    name: str
    provider: str


def models_used(question: Question, *, now: datetime) -> list[ModelName]:
    """One entry per model and provider, by name."""
    return [ModelName(*labels) for labels in present(question, ("model", "provider"), now=now)]


def users_seen(question: Question, *, now: datetime) -> list[UserName]:
    """By name; unattributed usage is nobody's."""
    ids = [pk for (pk,) in present(question, ("user",), now=now) if pk != NOBODY]
    names = user_names(ids)
    return sorted((names[pk] for pk in ids), key=lambda name: (name.username.lower(), str(name.id)))


def keys_used(question: Question, *, now: datetime) -> list[KeyName]:
    """By name; keys that the portal never knew are left out."""
    ids = [pk for (pk,) in present(question, ("apiKey",), now=now)]
    return sorted(key_names(ids).values(), key=lambda key: (key.name.lower(), str(key.id)))
