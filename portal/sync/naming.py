"""What people call the portal's objects that a queue or a finding names by id."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from apikeys.models import ApiKey
from catalog.models import ManagedDeployment
from teams.models import Member, Team

Named = dict[tuple[str, UUID], str]


def names_of(objects: Iterable[tuple[str, UUID | None]]) -> Named:
    """A statement for each kind that occurs; what is not there any more is left out."""
    by_kind: dict[str, set[UUID]] = {}
    for kind, pk in objects:
        if pk is not None:
            by_kind.setdefault(kind, set()).add(pk)
    return {(kind, pk): name for kind, ids in by_kind.items() for pk, name in _names(kind, ids).items()}


def _names(kind: str, ids: set[UUID]) -> dict[UUID, str]:
    match kind:
        case "user":
            return dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))
        case "team":
            return dict(Team.objects.filter(pk__in=ids).values_list("pk", "name"))
        case "member":
            rows = Member.objects.filter(pk__in=ids).values_list("pk", "user__username", "team__name")
            return {pk: f"{user} – {team}" for pk, user, team in rows}
        case "key":
            return dict(ApiKey.objects.filter(pk__in=ids).values_list("pk", "name"))
        case "model":
            return dict(ManagedDeployment.objects.filter(pk__in=ids).values_list("pk", "model_id"))
    return {}
