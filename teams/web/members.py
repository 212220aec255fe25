"""Pages of a team's members and invitations."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.forms import sent, show_refusal
from litemaas.web.paging import page_of
from litemaas.web.touched import foresee
from teams import listing, policies, services
from teams.models import Invitation, Member
from teams.roles import USES_KEYS
from teams.web.forms import AddMemberForm, InviteForm, LeaveForm, MemberFilter, PlaceForm, plain
from teams.web.page import require, rights_of, shown, team_for
from teams.web.tables import members_table


@require_GET
@signed_in
def listed(request: PageRequest, team_id: UUID) -> HttpResponseBase:
    team, user = team_for(request, team_id), request.user
    chosen = MemberFilter(request.GET)
    wanted = chosen.cleaned_data
    search = wanted.get("search", "").strip()
    table = members_table(of_default_team=team.is_default).shown_to(request)
    rows = table.sorted(listing.members_of(team, user, role=wanted.get("role", ""), search=search))
    if table.wants_file:
        return table.file(rows, of=lambda lot: listing.places(lot, team, user))
    page = page_of(rows, request.GET)
    return shown(
        request,
        "members",
        team,
        filter=chosen,
        table=table,
        page=page,
        places=listing.places(page, team, user),
        last_admin=listing.last_admin_of(team),
        role_names=dict(Member.Role.choices),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def add(request: PageRequest, team_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(policies.may_write_all(request.user))
    form = AddMemberForm(sent(request))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            services.add_member(
                actor=request.user,
                team_id=team.pk,
                user_id=values["user_id"].pk,
                role=values["role"],
                max_budget=values["max_budget_in_team"],
                now=timezone.now(),
            )
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(
                request, _("%(name)s is in the team.") % {"name": values["user_id"].display_name}
            )
            return redirect("team_members", team.pk)
    return shown(request, "add_member", team, form=form)


def _place(request: PageRequest, team: Any, user_id: UUID) -> listing.Place:
    column = "pk" if team.is_default else "user_id"
    rows = listing.members_of(team, request.user).filter(**{column: user_id})
    found = listing.places(rows, team, request.user)
    if not found:
        raise errors.NotFound(_("This person is not in the team."))
    return found[0]


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: PageRequest, team_id: UUID, user_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(rights_of(request, team).edits)
    place = _place(request, team, user_id)

    def form_of(data: QueryDict | None) -> PlaceForm:
        present = _place(request, team, user_id)
        return PlaceForm(
            data, initial={"role": present.role, "max_budget_in_team": plain(present.max_budget)}
        )

    def save() -> None:
        services.change_member(
            actor=request.user,
            team_id=team.pk,
            user_id=user_id,
            role=form.cleaned_data["role"],
            max_budget=form.cleaned_data["max_budget_in_team"],
            now=timezone.now(),
        )

    form = form_of(sent(request))
    if conflicts.saved(request, form, lambda: form_of(None), save):
        messages.success(request, _("The place of %(name)s is changed.") % {"name": place.name})
        return redirect("team_members", team.pk)
    return shown(request, "change_member", team, form=form, place=place)


@require_http_methods(["GET", "POST"])
@signed_in
def remove(request: PageRequest, team_id: UUID, user_id: UUID) -> HttpResponse:
    """Take somebody out, or leave."""
    team = team_for(request, team_id)
    is_me = user_id == request.user.pk
    require(rights_of(request, team).edits or is_me)
    place = _place(request, team, user_id)
    form = LeaveForm(sent(request), heirs=_heirs(team, user_id))

    def leave(reason: str = "", heir: str = "") -> None:
        services.remove_member(
            actor=request.user,
            team_id=team.pk,
            user_id=user_id,
            reason=reason,
            transfer_keys_to=UUID(heir) if heir else None,
            now=timezone.now(),
        )

    if request.method == "POST" and form.is_valid():
        try:
            leave(form.cleaned_data["reason"], form.cleaned_data["transfer_keys_to"])
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            return _gone(request, team, place, is_me)
    outlook = foresee(leave)
    keys = {"API_KEY": outlook.touched.get("API_KEY", {})}
    return shown(
        request, "remove_member", team, form=form, place=place, is_me=is_me, outlook=outlook, keys=keys
    )


def _gone(request: PageRequest, team: Any, place: listing.Place, is_me: bool) -> HttpResponse:
    if is_me:
        messages.success(request, _("You have left the team %(team)s.") % {"team": team.name})
        return redirect("teams")
    messages.success(request, _("%(name)s is no longer in the team.") % {"name": place.name})
    return redirect("team_members", team.pk)


def _heirs(team: Any, user_id: UUID) -> list[tuple[str, str]]:
    rows = Member.objects.current().filter(team=team, role__in=USES_KEYS, user__is_active=True)
    rows = rows.exclude(user_id=user_id).select_related("user").order_by("user__username")
    return [(str(row.user_id), row.user.display_name) for row in rows[:200]]


@require_GET
@signed_in
def invitations(request: PageRequest, team_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(policies.may_see_invitations(request.user, team.my_role))
    now = timezone.now()
    rows = Invitation.objects.filter(team=team).select_related("user", "invited_by")
    page = page_of(rows.order_by("-created_at", "id"), request.GET)
    states = [(row, row.status_at(now)) for row in page]
    return shown(request, "invitations", team, page=page, states=states)


@require_http_methods(["GET", "POST"])
@signed_in
def invite(request: PageRequest, team_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    require(rights_of(request, team).edits and not team.is_default)
    form = InviteForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            issued = services.invite(
                actor=request.user, team_id=team.pk, now=timezone.now(), **form.arguments()
            )
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            return _invited(request, team, issued)
    return shown(request, "invite", team, form=form)


def _invited(request: PageRequest, team: Any, issued: services.IssuedInvitation) -> HttpResponse:
    """Where no mail brings the link it is in this answer, and nowhere else."""
    if issued.link:
        return shown(request, "invited", team, link=issued.link, invitation=issued.invitation)
    messages.success(request, _("The invitation is on its way."))
    return redirect("team_invitations", team.pk)


@require_POST
@signed_in
def resend(request: PageRequest, team_id: UUID, invitation_id: UUID) -> HttpResponse:
    team = team_for(request, team_id)
    issued = services.resend_invitation(
        actor=request.user, team_id=team.pk, invitation_id=invitation_id, now=timezone.now()
    )
    return _invited(request, team, issued)


@require_http_methods(["GET", "POST"])
@signed_in
def revoke(request: PageRequest, team_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Ask, then take the offer back."""
    team = team_for(request, team_id)
    require(rights_of(request, team).edits)
    row = Invitation.objects.filter(team=team, pk=invitation_id).select_related("user").first()
    if row is None:
        raise errors.NotFound(_("This invitation does not exist."))
    if request.method != "POST":
        return shown(request, "revoke_invitation", team, invitation=row)
    services.revoke_invitation(
        actor=request.user, team_id=team.pk, invitation_id=invitation_id, now=timezone.now()
    )
    messages.success(request, _("The invitation is taken back."))
    return redirect("team_invitations", team.pk)
