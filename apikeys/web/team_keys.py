"""The keys of a team, as a tab of its page. One's own are looked after on their own pages."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from apikeys import policies
from apikeys.models import ApiKey
from apikeys.web import listing
from apikeys.web.states import with_gateway_state
from litemaas.web.paging import page_of
from teams.roles import ADMIN, USES_KEYS
from teams.web.page import shown, team_for


def count_live(team_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Live keys of each of these teams."""
    rows = ApiKey.objects.filter(team__in=team_ids).live(timezone.now()).order_by().values("team_id")
    counted = {row["team_id"]: row["n"] for row in rows.annotate(n=Count("pk"))}
    return {team_id: counted.get(team_id, 0) for team_id in team_ids}


@require_GET
@signed_in
def team_keys(request: PageRequest, team_id: UUID) -> HttpResponse:
    """All live keys for who looks after the team, else one's own."""
    team, now = team_for(request, team_id), timezone.now()
    keys = ApiKey.objects.visible_to(request.user).filter(team=team)
    if not (request.user.sees_everything or team.my_role == ADMIN):
        keys = keys.filter(owner=request.user)
    rows = (
        with_gateway_state(keys.live(now)).select_related("owner").prefetch_related("model_links", "secrets")
    )
    page = page_of(rows.order_by("-created_at", "id"), request.GET)
    return shown(
        request,
        "keys",
        team,
        page=page,
        rows=[listing.row_of(key, now) for key in page],
        may_issue=team.is_active and team.my_role in USES_KEYS and policies.may_issue(request.user),
    )
