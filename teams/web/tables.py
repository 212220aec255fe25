"""The columns of the lists of teams and of members."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from litemaas.web.tables import Column, Table
from teams.listing import Place
from teams.models import Member, Team


def teams_table(key_counts: Mapping[UUID, int]) -> Table[Any]:
    """Of teams `with_facts`. How many keys they have the page finds out for the teams that it shows."""
    roles = dict(Member.Role.choices)
    columns: list[Column[Any]] = [
        Column("name", _("Name"), lambda team: team.name, order=Lower("name"), is_fixed=True),
        Column("role", _("My role"), lambda team: str(roles.get(team.my_role, "")), order="my_role"),
        Column("members", _("Members"), lambda team: team.member_count, order="member_count", numeric=True),
        Column("budget", _("Budget"), lambda team: team.max_budget, order="max_budget"),
        Column("spend", _("Spend"), lambda team: team.spend, order="spend", numeric=True, is_extra=True),
        Column("keys", _("Keys"), lambda team: key_counts.get(team.pk), numeric=True),
        Column("models", _("Models"), _models),
        Column("created", _("Created"), lambda team: team.created_at, order="created_at", is_extra=True),
    ]
    return Table("teams", columns, sort="name")


def _models(team: Team) -> str:
    return ", ".join(sorted(link.model_id for link in team.allowed_links.all()))


def members_table(*, of_default_team: bool) -> Table[Place]:
    """Of `listing.places`. The rows of the default team are accounts, those of other teams places in it."""
    prefix, joined = ("", "created_at") if of_default_team else ("user__", "joined_at")
    roles, role = dict(Member.Role.choices), "place_role" if of_default_team else "role"
    budget = "place_budget" if of_default_team else "max_budget"
    columns: list[Column[Place]] = [
        Column("name", _("Name"), lambda place: place.name, order=Lower(f"{prefix}username"), is_fixed=True),
        Column("email", _("E-mail"), lambda place: place.email, order=Lower(f"{prefix}email")),
        Column("role", _("Role"), lambda place: str(roles.get(place.role, place.role)), order=role),
        Column("joined", _("Joined"), lambda place: place.joined_at, order=joined),
        Column("spend", _("Spend in the team"), lambda place: place.spend, order="spend"),
        Column(
            "budget", _("Budget in the team"), lambda place: place.max_budget, order=budget, is_extra=True
        ),
    ]
    return Table("members", columns, sort="joined")
