"""The list of teams, and a team at a glance."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from litemaas.web.paging import page_of
from teams import listing, policies
from teams.listing import with_facts
from teams.models import Invitation, Member, Team
from teams.web.forms import TeamFilter
from teams.web.page import shown, team_for
from teams.web.tables import teams_table


@require_GET
@signed_in
def teams(request: PageRequest) -> HttpResponseBase:
    """One's own; operators can ask for everybody's."""
    user = request.user
    chosen = TeamFilter(request.GET, sees_everything=user.sees_everything)
    wanted = chosen.cleaned_data
    rows = Team.objects.visible_to(user)
    if not wanted.get("everybodys"):
        rows = rows.of(user.pk)
    found = with_facts(rows, user)
    if text := wanted.get("search", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(description__icontains=text))
    if role := wanted.get("role"):
        found = found.filter(pk__in=with_facts(rows, user).filter(Q(my_role=role)).values("pk"))
    key_counts: dict[UUID, int] = {}
    table = teams_table(key_counts).shown_to(request)
    in_order = table.sorted(found)

    def counted(some: Iterable[Team]) -> list[Team]:
        teams = list(some)
        key_counts.update(listing.key_counts([team.pk for team in teams]))
        return teams

    if table.wants_file:
        return table.file(in_order, of=counted)
    page = page_of(in_order, request.GET)
    counted(page)
    invitations = Invitation.objects.open(timezone.now()).addressed_to(user)
    return render(
        request,
        "teams/list.html",
        {
            "filter": chosen,
            "page": page,
            "table": table,
            "key_counts": key_counts,
            "role_names": dict(Member.Role.choices),
            "invitations": invitations.select_related("team", "invited_by").order_by("-created_at")[:20],
            "may_create": policies.may_create(user),
            "may_answer": policies.may_answer_invitations(user),
            "is_filtered": any(wanted.values()),
        },
    )


@require_GET
@signed_in
def team(request: PageRequest, team_id: UUID) -> HttpResponse:
    """Description, budget, and what limits oneself inside the team."""
    found = team_for(request, team_id)
    mine = list(
        listing.places(
            listing.members_of(found, request.user).filter(
                **{"pk" if found.is_default else "user_id": request.user.pk}
            ),
            found,
            request.user,
        )
    )
    return shown(
        request,
        "detail",
        found,
        me=mine[0] if mine else None,
        models=sorted(link.model_id for link in found.allowed_links.all()),
        keys=listing.key_counts([found.pk]).get(found.pk),
        is_last_admin=request.user.pk == listing.last_admin_of(found),
        limits=listing.effective_limits(found, request.user, is_in=found.my_role is not None),
        trend=listing.spend_trend(request.user, found) if request.user.may("teams:read") else None,
    )
