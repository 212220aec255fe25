"""Names behind the ids of the ledger, also of what was renamed, revoked or deleted since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from apikeys.models import ApiKey
from litemaas import lookups as lookups  # `any_of`
from litemaas.errors import InvalidInput
from teams.models import Team
from usage.errors import ForbiddenApiKeys
from usage.models import NOBODY


@dataclass(frozen=True, slots=True)
class UserName:
    id: UUID
    username: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class KeyName:
    """`name` is what its owner called it; the gateway's own alias is nobody's business."""

    id: UUID
    name: str
    user_id: UUID | None
    last_used_at: datetime | None


UNKNOWN_USER = UserName(NOBODY, "Unknown User", "", "user")
NO_TEAM = "No team"


def user_names(ids: Iterable[Any]) -> dict[UUID, UserName]:
    """Asked for an id that is nobody's any more, it gives the unknown user."""
    wanted = _known(ids)
    rows = (
        User.objects.filter(pk__any_of=wanted).values_list("pk", "username", "email", "roles")
        if wanted
        else ()
    )
    found = dict.fromkeys([*wanted, NOBODY], UNKNOWN_USER)
    return found | {pk: UserName(pk, name, email, role_of(roles)) for pk, name, email, roles in rows}


def role_of(roles: Sequence[str]) -> str:
    """The role of highest rank."""
    return next((role for role in ("admin", "admin-readonly") if role in roles), "user")


def key_names(ids: Iterable[Any]) -> dict[UUID, KeyName]:
    wanted = _known(ids)
    columns = ("pk", "name", "owner_id", "last_used_at")
    rows = ApiKey.objects.filter(pk__any_of=wanted).values_list(*columns) if wanted else ()
    return {row[0]: KeyName(*row) for row in rows}


def team_names(ids: Iterable[Any]) -> dict[UUID, str]:
    wanted = _known(ids)
    rows = Team.objects.filter(pk__any_of=wanted).values_list("pk", "name") if wanted else ()
    return {NOBODY: NO_TEAM, **dict(rows)}


def _known(ids: Iterable[Any]) -> set[UUID]:
    return {pk for pk in ids if pk is not None and pk != NOBODY}


def own_keys(person: User, named: Sequence[str]) -> list[UUID]:
    """The keys meant by these ids, aliases or names; revoked and deleted ones too.

    Raises ForbiddenApiKeys with all that are not the person's.
    """
    return _keys_among(ApiKey.objects.filter(owner=person), named)


def team_keys(team_id: UUID, named: Sequence[str]) -> list[UUID]:
    """As `own_keys`, of a team."""
    return _keys_among(ApiKey.objects.filter(team_id=team_id), named)


def _keys_among(keys: "QuerySet[ApiKey]", named: Sequence[str]) -> list[UUID]:
    if not named:
        return []
    found = _by_word(keys.values_list("pk", "alias", "name"))
    unknown = [name for name in named if name.lower() not in found]
    if unknown:
        raise ForbiddenApiKeys(invalidApiKeys=unknown)
    return sorted({pk for name in named for pk in found[name.lower()]})


def any_keys(named: Sequence[str]) -> list[UUID]:
    """As `own_keys`, of everybody. Raises InvalidInput."""
    if not named:
        return []
    ids = [UUID(name) for name in named if _is_uuid(name)]
    matching = ApiKey.objects.filter(Q(pk__in=ids) | Q(alias__in=named) | Q(name__in=named))
    found = _by_word(matching.values_list("pk", "alias", "name"))
    unknown = [name for name in named if name.lower() not in found]
    if unknown:
        raise InvalidInput(
            fields={"apiKeyIds": _("There is no API key %(names)s.") % {"names": ", ".join(unknown[:5])}}
        )
    return sorted({pk for name in named for pk in found[name.lower()]})


def _by_word(rows: Iterable[tuple[UUID, str, str]]) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = {}
    for pk, alias, name in rows:
        for word in (str(pk), alias, name):
            found.setdefault(word.lower(), set()).add(pk)
    return found


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
