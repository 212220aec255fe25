"""The keys of a team, as a tab of its page, and new service keys. Single keys have pages of their own: those of who owns
them, and the service keys of a team for its administrators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from django.http.response import HttpResponseBase
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
from apikeys.web.key_filter import KeyFilter
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
def team_keys(request: PageRequest, team_id: UUID) -> HttpResponseBase:
    """All keys for who looks after the team, else one's own."""
    team, now, user = team_for(request, team_id), timezone.now(), request.user
    mine = ApiKey.objects.visible_to(user).filter(team=team)
    if sees_others := user.sees_everything or team.my_role == ADMIN:
        keys = with_gateway_state(mine)
    else:
        keys = with_gateway_state(mine.filter(owner=user))
    table = listing.TEAM_KEYS.shown_to(request)
    chosen = KeyFilter(request.GET, models=listing.used_models(keys), kinds=sees_others)
    found = table.sorted(listing.filtered(keys, chosen, now))
    if table.wants_file:
        return table.file(found, of=lambda lot: listing.rows_of(lot, now))
    page = page_of(found, request.GET)
    rows = listing.rows_of(page, now)
    return shown(
        request,
        "keys",
        team,
        filter=chosen,
        table=table,
        page=page,
        rows=rows,
        has_any=bool(rows) or keys.exists(),
        may_issue=team.is_active and team.my_role in USES_KEYS and policies.may_issue(user),
        may_issue_service=_may_issue_service(request, team),
        may_write=policies.may_issue(user),
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
    form = KeyForm(
        request.POST or None, models=models, chosen=[], teams=[], policy=key_policy(), is_service=True
    )
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
