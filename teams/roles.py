"""Which place somebody has in a team."""

from typing import Any
from uuid import UUID

from django.db.models import Case, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Actor
from teams.models import DEFAULT_TEAM_ID, Member

ADMIN, MEMBER, VIEWER = Member.Role.ADMIN.value, Member.Role.MEMBER.value, Member.Role.VIEWER.value
# A viewer holds no keys of the team.
USES_KEYS = (ADMIN, MEMBER)


def role_in(team_id: UUID, user_id: UUID | None) -> str | None:
    """admin, member or viewer; None when not in the team. In the default team everybody is at least a member."""
    if user_id is None:
        return None
    rows = Member.objects.current().filter(team_id=team_id, user_id=user_id)
    role: str | None = rows.values_list("role", flat=True).first()
    return role or (MEMBER if team_id == DEFAULT_TEAM_ID else None)


def sees_all_of(actor: Actor, team_id: UUID) -> bool:
    """Whether the actor sees what all members do (Ta, R) or only the own part (Tm, Tv)."""
    return actor.sees_everything or role_in(team_id, actor.pk) == ADMIN


def role_of(user_id: UUID | None) -> Any:
    """`role_in` as an annotation of teams."""
    rows = Member.objects.current().filter(team_id=OuterRef("pk"), user=user_id)
    role = Subquery(rows.values("role")[:1])
    return Case(When(pk=DEFAULT_TEAM_ID, then=Coalesce(role, Value(MEMBER))), default=role)
