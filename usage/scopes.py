"""Whose usage somebody may see. Every question to the ledger carries one: there is no other door to its sums."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from teams.models import Team
from teams.roles import sees_all_of

if TYPE_CHECKING:
    from accounts.models import Actor


@dataclass(frozen=True, slots=True)
class Scope:
    """NULL = no restriction; both together are one person's part of a team."""

    user_id: UUID | None = None
    team_id: UUID | None = None

    @classmethod
    def visible_to(cls, actor: "Actor") -> "Scope":
        """Operators see everybody's usage, others their own."""
        return cls() if actor.sees_everything else cls.of(actor)

    @classmethod
    def of(cls, person: "Actor") -> "Scope":
        """One person's usage. The program itself used nothing, and its `pk` would mean everybody."""
        if person.pk is None:
            raise ValueError("Usage of nobody was asked for.")
        return cls(user_id=person.pk)

    @property
    def dimensions(self) -> dict[str, UUID]:
        """What the rows are restricted to, by dimension."""
        pairs = (("user", self.user_id), ("team", self.team_id))
        return {name: value for name, value in pairs if value is not None}


def scope_of_team(actor: "Actor", team_id: UUID) -> Scope:
    """The team's usage for its administrators and for operators, one's own part of it for its other members.

    Raises NotFound for a team that the actor is not in.
    """
    team = Team.objects.visible_to(actor).get_or_refuse(team_id)
    sees_all = sees_all_of(actor, team.pk)
    return Scope(team_id=team.pk) if sees_all else Scope(user_id=actor.pk, team_id=team.pk)
