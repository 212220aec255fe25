"""Who somebody is, what they may do, whether they may sign in, and whether the gateway knows them so."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import services, sessions
from accounts.models import User
from accounts.permissions import ADMIN
from accounts.web.audit_rows import plain
from accounts.web.pages import PageRequest, require, signed_in
from apikeys.models import ApiKey
from litellm_sync.models import GatewayObject
from litemaas import dry_run
from litemaas.web import conflicts
from litemaas.web.forms import sent, show_refusal
from portal import people
from portal.sync import comparing, operations
from portal.web.people.forms import ReasonForm, RolesForm
from portal.web.people.person import WRITE, person_for, shown

_MOST_NAMED = 20


@require_GET
@signed_in
def profile(request: PageRequest, user_id: UUID) -> HttpResponse:
    person = person_for(request, user_id)
    now = timezone.now()
    form = RolesForm(None, user=person, locked=_locked(person))
    form.fields["roles"].disabled = not request.user.may(WRITE)
    conflicts.stamp(form, form)
    return shown(
        request,
        "profile",
        person,
        form=form,
        counts=people.counts_of(person.pk, now),
        drift=_drift(person),
        wish=GatewayObject.objects.filter(kind=GatewayObject.Kind.USER, object_id=person.pk).first(),
    )


def _drift(person: User) -> list[tuple[str, str | None, str | None]]:
    """Field, the portal's value, the gateway's, as texts."""
    return [
        (str(item["field"]), plain(item["portal"]), plain(item["proxy"]))
        for item in people.drift_of(person.pk)
    ]


def _locked(person: User) -> set[str]:
    """The role that can't be taken away: somebody has to look after the portal."""
    return {ADMIN} if services.is_last_admin(person) else set()


@require_http_methods(["GET", "POST"])
@signed_in
def change_roles(request: PageRequest, user_id: UUID) -> HttpResponse:
    """The switches of the profile. As a page of its own where something has to be asked."""
    require(request, WRITE)
    person = person_for(request, user_id)
    form = RolesForm(sent(request), user=person, locked=_locked(person))

    def fresh() -> RolesForm:
        return RolesForm(None, user=User.objects.get(pk=person.pk), locked=set())

    def save() -> None:
        services.change_user(
            actor=request.user, user_id=person.pk, roles=form.cleaned_data["roles"], now=timezone.now()
        )

    if conflicts.saved(request, form, fresh, save):
        messages.success(request, _("The roles of %(name)s are changed.") % {"name": person.username})
        gave_up = person.pk == request.user.pk and ADMIN not in form.cleaned_data["roles"]
        return redirect("home") if gave_up else redirect("user", person.pk)
    return shown(request, "roles", person, form=form)


@require_http_methods(["GET", "POST"])
@signed_in
def deactivate(request: PageRequest, user_id: UUID) -> HttpResponse:
    return _switched(request, user_id, False)


@require_http_methods(["GET", "POST"])
@signed_in
def reactivate(request: PageRequest, user_id: UUID) -> HttpResponse:
    return _switched(request, user_id, True)


def _switched(request: PageRequest, user_id: UUID, is_active: bool) -> HttpResponse:
    """Say what it would touch, by trying it, and then do it."""
    require(request, WRITE)
    person = person_for(request, user_id)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_user(
                actor=request.user,
                user_id=person.pk,
                is_active=is_active,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except services.LastAdmin as error:
            show_refusal(form, error)
        else:
            said = _("%(name)s may sign in again.") if is_active else _("%(name)s is deactivated.")
            messages.success(request, said % {"name": person.username})
            return redirect("user", person.pk)
    page: dict[str, object] = {"is_refused": False, "keys": [], "key_count": 0}
    try:
        page |= _touched(request, person, is_active)
    except services.LastAdmin:
        page["is_refused"] = True
    return shown(request, "switch", person, form=form, turns_on=is_active, **page)


def _touched(request: PageRequest, person: User, is_active: bool) -> dict[str, object]:
    """The keys whose state would change, and how many sessions would end."""
    with dry_run.rehearsal() as found:
        services.change_user(actor=request.user, user_id=person.pk, is_active=is_active, now=timezone.now())
    ids = list(found.touched.get("API_KEY", {}))
    named = ApiKey.objects.filter(pk__in=ids[:_MOST_NAMED]).order_by("name").values_list("name", flat=True)
    running = 0 if is_active else len(sessions.sessions_of(person, now=timezone.now()))
    return {
        "keys": list(named),
        "key_count": len(ids),
        "session_count": running,
    }


@require_http_methods(["GET", "POST"])
@signed_in
def end_sessions(request: PageRequest, user_id: UUID) -> HttpResponse:
    require(request, WRITE)
    person = person_for(request, user_id)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        ended = sessions.revoke_sessions(
            actor=request.user,
            user_id=person.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        said = ngettext("%(n)s session has ended.", "%(n)s sessions have ended.", ended)
        messages.success(request, said % {"n": ended})
        return redirect("user", person.pk)
    running = sessions.sessions_of(person, now=timezone.now())
    return shown(request, "end_sessions", person, form=form, sessions=running)


@require_http_methods(["GET", "POST"])
@signed_in
def push(request: PageRequest, user_id: UUID) -> HttpResponse:
    """Tell the gateway once more about the person and their keys."""
    require(request, operations.WRITE)
    person = person_for(request, user_id)
    if request.method != "POST":
        return shown(request, "push", person, drift=_drift(person))
    comparing.push_again(actor=request.user, user_id=person.pk, team_id=None, now=timezone.now())
    messages.success(request, _("The gateway is told about %(name)s once more.") % {"name": person.username})
    return redirect("user", person.pk)
