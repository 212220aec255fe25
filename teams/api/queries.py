"""Which teams a request asks for."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.api.whose import whose
from litemaas.api import params
from teams.listing import with_facts
from teams.models import Member, Team


def listed(request: Request) -> Any:
    """`GET /teams`: one's own, or for operators somebody's or everybody's; by name."""
    actor = actor_of(request)
    rows = Team.objects.visible_to(actor)
    person = whose(request)
    if person is not None:
        rows = rows.of(person)
    shown: Any = with_facts(rows, actor)
    if text := params.text(request, "search"):
        shown = shown.filter(
            Q(name__icontains=text) | Q(alias__icontains=text) | Q(description__icontains=text)
        )
    if (is_active := params.boolean(request, "isActive", None)) is not None:
        shown = shown.filter(is_active=is_active)
    if role := params.choice(request, "role", ("", *Member.Role.values), ""):
        shown = shown.filter(my_role=role)
    return shown.order_by(Lower("name"), "id")


def one(request: Request, team_id: UUID | str, *, with_models: bool = True) -> Any:
    """The team with its facts, and the models that it allows. Raises NotFound for strangers."""
    actor = actor_of(request)
    rows = with_facts(Team.objects.visible_to(actor), actor)
    return (rows if with_models else rows.prefetch_related(None)).get_or_refuse(team_id)
