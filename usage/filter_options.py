"""What a period's usage can be narrowed to: everything with traffic in it, also what is retired or gone by now."""

from dataclasses import dataclass
from datetime import datetime

from usage.cubes.distinct import present
from usage.cubes.plans import Plan
from usage.cubes.statements import fetch
from usage.models import NOBODY
from usage.naming import UNKNOWN_USER, KeyName, key_names
from usage.questions import Question


@dataclass(frozen=True, slots=True)
class ModelName:
    name: str
    provider: str


def models_used(question: Question, *, now: datetime) -> list[ModelName]:
    """One entry per model and provider, by name."""
    return [ModelName(*labels) for labels in present(question, ("model", "provider"), now=now)]


def users_seen(question: Question, *, now: datetime) -> str:
    """The people, by name, as the JSON of the REST contract §14; unattributed usage is nobody's.

    The database writes it: of 10,000 people, rows in Python would take longer than all the rest.
    """
    plan = Plan(question, ("user",), None, now)
    values = [NOBODY, UNKNOWN_USER.username, *plan.values, NOBODY]
    ((text,),) = fetch(_SEEN.format(id=plan.labels[0], found=plan.present()), values)
    return f"[{text}]"


_SEEN = """
    SELECT coalesce(string_agg(row_to_json(seen)::text, ',' ORDER BY lower(seen.username) COLLATE "C", seen."userId"), '')
    FROM (
        SELECT coalesce(users.id, %s) AS "userId", coalesce(username, %s) AS username, coalesce(email, '') AS email
        FROM ({found}) found LEFT JOIN users ON users.id = found.{id} WHERE found.{id} <> %s
    ) seen
"""


def keys_used(question: Question, *, now: datetime) -> list[KeyName]:
    """By name; keys that the portal never knew are left out."""
    ids = [pk for (pk,) in present(question, ("apiKey",), now=now)]
    return sorted(key_names(ids).values(), key=lambda key: (key.name.lower(), str(key.id)))
