"""Making a team, changing it, switching it off and deleting it, as pages."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.forms import sent, show_refusal
from litemaas.web.touched import foresee
from teams import policies, services
from teams.models import Team
from teams.web.forms import DeleteForm, NameForm, ReasonForm, TeamForm, initial_of
from teams.web.page import require, rights_of, shown, team_for

_COLUMNS = {"budget_duration": "budget_window"}


def _values(form: NameForm) -> dict[str, Any]:
    """What the form holds, under the names of the columns."""
    return {_COLUMNS.get(name, name): value for name, value in form.cleaned_data.items()}


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    require(policies.may_create(request.user))
    sets_limits = policies.may_write_all(request.user)
    form = TeamForm(sent(request)) if sets_limits else NameForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            team = services.create_team(actor=request.user, now=timezone.now(), **_values(form))
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("The team %(team)s is made.") % {"team": team.name})
            return redirect("team", team.pk)
    return render(request, "teams/new.html", {"form": form, "sets_limits": sets_limits})


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: PageRequest, team_id: UUID) -> HttpResponse:
    """The settings. Who saves second sees both versions; who may only look has nothing to change."""
    team = team_for(request, team_id)
    rights = rights_of(request, team)
    require(rights.edits or (request.user.sees_everything and request.method == "GET"))

    def form_of(data: QueryDict | None) -> NameForm:
        present = Team.objects.get(pk=team.pk)
        if rights.sets_limits or not rights.edits:
            return TeamForm(data, team=present)
        return NameForm(data, initial=initial_of(present))

    form = form_of(sent(request))
    if not rights.edits:
        for field in form.fields.values():
            field.disabled = True

    def save() -> None:
        services.change_team(actor=request.user, team_id=team.pk, changes=_values(form), now=timezone.now())

    if conflicts.saved(request, form, lambda: form_of(None), save):
        messages.success(request, _("The team is changed."))
        return redirect("team_settings", team.pk)
    return shown(request, "settings", team, form=form)


@require_http_methods(["GET", "POST"])
@signed_in
def switch(request: PageRequest, team_id: UUID) -> HttpResponse:
    """Ask, then switch the team off, or on again."""
    team = team_for(request, team_id)
    require(policies.may_write_all(request.user))

    def switch_to(is_active: bool) -> None:
        services.change_team(
            actor=request.user, team_id=team.pk, changes={"is_active": is_active}, now=timezone.now()
        )

    if request.method != "POST":
        outlook = foresee(lambda: switch_to(not team.is_active))
        return shown(request, "switch", team, keys={"API_KEY": outlook.touched.get("API_KEY", {})})
    # Named by the form, so that a second click does not undo the first.
    is_active = request.POST.get("active") == "on"
    switch_to(is_active)
    text = (
        _("The team is active again.") if is_active else _("The team is deactivated. Its keys have stopped.")
    )
    messages.success(request, text)
    return redirect("team_settings", team.pk)


@require_http_methods(["GET", "POST"])
@signed_in
def delete(request: PageRequest, team_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(rights_of(request, team).edits and not team.is_default)
    form = DeleteForm(sent(request), name=team.name)

    def end(reason: str = "") -> None:
        services.delete_team(actor=request.user, team_id=team.pk, reason=reason, now=timezone.now())

    if request.method == "POST" and form.is_valid():
        try:
            end(form.cleaned_data["reason"])
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("The team %(team)s is deleted.") % {"team": team.name})
            return redirect("teams")
    return shown(request, "delete", team, form=form, outlook=foresee(end))


@require_http_methods(["GET", "POST"])
@signed_in
def reset_spend(request: PageRequest, team_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(policies.may_write_all(request.user))
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        services.reset_team_spend(
            actor=request.user, team_id=team.pk, reason=form.cleaned_data["reason"], now=timezone.now()
        )
        messages.success(request, _("The gateway counts the team's spend from 0 again."))
        return redirect("team", team.pk)
    return shown(request, "reset_spend", team, form=form)
