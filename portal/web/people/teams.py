"""The teams that somebody is in."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from litemaas.web.tables import Column, Table
from portal import people
from portal.web.people.person import person_for, shown
from teams.models import DEFAULT_TEAM_ID, Member

_AT_ONCE = 100
# Rows are dictionaries: nobody has a row in the default team. They come by name, and are too few to be sorted anew.
TABLE: Table[dict[str, Any]] = Table(
    "user-teams",
    [
        Column("name", _("Team"), lambda row: row["name"], is_fixed=True),
        Column("role", _("Role"), lambda row: row["role"]),
        Column("spend", _("Spend"), lambda row: row["spend"], numeric=True, is_extra=True),
        Column("budget", _("Budget in the team"), lambda row: row["max_budget"]),
        Column("joined", _("Joined"), lambda row: row["joined_at"]),
    ],
)


@require_GET
@signed_in
def teams(request: PageRequest, user_id: UUID) -> HttpResponseBase:
    person, table = person_for(request, user_id), TABLE.shown_to(request)
    words = dict(Member.Role.choices)
    rows = [
        {**place, "role": words.get(place["role"]), "is_default": place["id"] == DEFAULT_TEAM_ID}
        for place in people.places_of(person.pk)
    ]
    if table.wants_file:
        return table.file(rows)
    return shown(
        request,
        "teams",
        person,
        table=table,
        page=Paginator(rows, _AT_ONCE).get_page(request.GET.get("page")),
    )
