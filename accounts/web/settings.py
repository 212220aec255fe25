"""One's own settings: the tabs that are about the account itself."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import profile
from accounts.audit.naming import Resource, names_of
from accounts.audit.words import action_text, category_text
from accounts.models import AuditEvent, Role, User
from accounts.web.pages import PageRequest, signed_in
from accounts.web.settings_forms import PreferencesForm, ProfileForm, initial_of
from litemaas.web import conflicts
from litemaas.web.paging import page_of
from litemaas.web.preferences import remember_language, remember_theme

# A person's teams, as names and addresses.
_TeamTeller = Callable[[User], Sequence[tuple[str, str]]]
_team_tellers: list[_TeamTeller] = []
# Noise to a person: what programs read with a credential.
_READS = "API_ACCESS"


def tell_teams_with(teller: _TeamTeller) -> None:
    """The app that has teams registers this at the start."""
    _team_tellers[:] = [teller]


@require_http_methods(["GET", "POST"])
@signed_in
def own_profile(request: PageRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, initial={"full_name": request.user.full_name})

    def fresh() -> ProfileForm:
        now = User.objects.only("full_name").get(pk=request.user.pk)
        return ProfileForm(initial={"full_name": now.full_name})

    def save() -> None:
        name = form.cleaned_data["full_name"]
        profile.change_full_name(user=request.user, full_name=name, now=timezone.now())

    if conflicts.saved(request, form, fresh, save):
        messages.success(request, _("Your profile is saved."))
        return redirect("settings_profile")
    roles = [str(Role(role).label) for role in request.user.roles]
    teams = [team for tell in _team_tellers for team in tell(request.user)]
    values = {"form": form, "tab": "profile", "roles": roles, "teams": teams}
    return render(request, "settings/profile.html", values)


@require_http_methods(["GET", "POST"])
@signed_in
def preferences(request: PageRequest) -> HttpResponse:
    kept: dict[str, Any] = {}

    def fresh() -> PreferencesForm:
        return _preferences_form(User.objects.get(pk=request.user.pk))

    def save() -> None:
        kept.update(profile.change_preferences(user=request.user, changes=form.preferences()))

    form = _preferences_form(request.user, request.POST or None)
    if conflicts.saved(request, form, fresh, save):
        return _in_effect(request, kept)
    return render(request, "settings/preferences.html", {"form": form, "tab": "preferences"})


def _preferences_form(user: User, data: QueryDict | None = None) -> PreferencesForm:
    present = profile.preferences_of(user)
    return PreferencesForm(data, initial=initial_of(user, present, language=get_language() or "en"))


def _in_effect(request: PageRequest, kept: dict[str, Any]) -> HttpResponse:
    """Back to the page, which is in the language and theme that were chosen."""
    with translation.override(kept["language"]):
        messages.success(request, _("Your preferences are saved."))
    response = HttpResponseRedirect(reverse("settings_preferences"))
    remember_language(response, kept["language"])
    remember_theme(response, kept["theme"])
    return response


@require_GET
@signed_in
def activity(request: PageRequest) -> HttpResponse:
    """What one did oneself, from the record of acts."""
    own = AuditEvent.objects.filter(actor_id=request.user.pk).exclude(resource_type=_READS)
    page = page_of(own.order_by("-at", "-id"), request.GET)
    rows = list(page)
    own_id = str(request.user.pk)
    others = [event for event in rows if event.resource_id != own_id]
    names = names_of((event.resource_type, event.resource_id) for event in others)
    events = [
        {
            "at": event.at,
            "action": action_text(event.action),
            "code": event.action,
            "kind": category_text(event.resource_type),
            "name": _name_of(event, names, request.user),
            "success": event.success,
            "address": event.ip_address,
        }
        for event in rows
    ]
    return render(request, "settings/activity.html", {"page": page, "events": events, "tab": "activity"})


def _name_of(event: AuditEvent, names: dict[Resource, str], reader: User) -> str:
    """Neither an id, which nobody knows by sight, nor the reader's own name. Models are known by their ids."""
    if event.resource_type == "MODEL":
        return event.resource_id
    name = names.get((event.resource_type, event.resource_id), "")
    return name.removeprefix(f"{reader.username}: ")


@require_POST
@signed_in
def stay_signed_in(request: PageRequest) -> HttpResponse:
    """Begin the session's time anew."""
    request.session.modified = True
    if request.htmx:
        return HttpResponse(status=204)
    messages.success(request, _("You stay signed in."))
    return redirect("settings_profile")


@require_GET
@signed_in
def shortcuts(request: PageRequest) -> HttpResponse:
    """The list of keys, as a dialog or a page."""
    return render(request, "settings/shortcuts.html")
