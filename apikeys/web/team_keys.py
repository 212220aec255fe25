"""The keys of a team, as a tab of its page, and new service keys. Single keys have pages of their own: those of who owns
them, and the service keys of a team for its administrators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from apikeys import policies, services
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey
from apikeys.web import listing
from apikeys.web.forms import KeyForm, models_of_team
from apikeys.web.states import with_gateway_state
from apikeys.web.views import created
from litemaas import errors
from litemaas.web.forms import show_refusal
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
        may_issue_service=_may_issue_service(request, team),
        looks_after=team.my_role == ADMIN,
    )


def _may_issue_service(request: PageRequest, team: Any) -> bool:
    return bool(team.is_active and team.my_role == ADMIN and policies.may_issue(request.user))


@require_http_methods(["GET", "POST"])
@signed_in
def new_service_key(request: PageRequest, team_id: UUID) -> HttpResponse:
    """A key that nobody owns: it survives whoever made it. Like every new key it is shown in this answer only."""
    team = team_for(request, team_id)
    if not _may_issue_service(request, team):
        raise errors.Forbidden(_("Only administrators of an active team make its service keys."))
    models = models_of_team(team)
    form = KeyForm(request.POST or None, models=models, chosen=[], teams=[], policy=key_policy())
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            issued = services.issue_api_key(
                actor=request.user, team_id=team.pk, is_service=True, now=now, **form.arguments(now)
            )
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            return created(request, issued)
    return render(request, "apikeys/new.html", {"form": form, "models": models, "team": team})
