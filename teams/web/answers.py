"""Answering an invitation, by its link or from the list of teams."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from teams import policies, services
from teams.models import Team
from teams.services.invitations import find_invitation


@require_GET
@signed_in
def invitation(request: PageRequest, handle: str) -> HttpResponse:
    """Where the link of the mail leads. Opening it answers nothing: mail programs open links, too."""
    row = find_invitation(request.user, handle)
    status = row.status_at(timezone.now())
    page = {
        "invitation": row,
        "handle": handle,
        "status": status if row.team.is_active else "revoked",
        "may_answer": policies.may_answer_invitations(request.user),
        "is_in": Team.objects.of(request.user.pk).filter(pk=row.team_id).exists(),
    }
    return render(request, "teams/invitation.html", page)


@require_POST
@signed_in
def accept(request: PageRequest, handle: str) -> HttpResponse:
    try:
        member = services.accept_invitation(actor=request.user, handle=handle, now=timezone.now())
    except errors.InvalidStateTransition as error:
        return _ended(request, handle, error)
    messages.success(request, _("You are in the team %(team)s.") % {"team": member.team.name})
    return redirect("team", member.team_id)


@require_POST
@signed_in
def decline(request: PageRequest, handle: str) -> HttpResponse:
    try:
        row = services.decline_invitation(actor=request.user, handle=handle, now=timezone.now())
    except errors.InvalidStateTransition as error:
        return _ended(request, handle, error)
    messages.success(request, _("You have declined the invitation to %(team)s.") % {"team": row.team.name})
    return redirect("teams")


def _ended(request: PageRequest, handle: str, error: errors.DomainError) -> HttpResponse:
    """A second click on Accept, or a link that is over: the page says how it stands."""
    messages.warning(request, error.message)
    return redirect("invitation", handle)
