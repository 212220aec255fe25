"""Changing one's own keys."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from apikeys import policies, services
from apikeys.key_policy import key_policy
from apikeys.web import listing
from apikeys.web.forms import ChangeForm, models_of_team, subscribed_models
from apikeys.web.views import may_reset
from litemaas import errors
from litemaas.web import conflicts


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: PageRequest, key_id: UUID) -> HttpResponse:
    """The form of `new` with what is set; what is emptied is cleared."""
    key = listing.cared_for(request.user).get_or_refuse(key_id)
    now = timezone.now()
    if not policies.may_change(request.user, key) or not key.is_live(now):
        raise errors.Forbidden(_("This key can’t be changed any more."))

    def form_of(data: QueryDict | None) -> ChangeForm:
        present = listing.cared_for(request.user).select_related("team").get_or_refuse(key_id)
        chosen = sorted(link.model_id for link in present.model_links.all())
        in_team = present.team if present.is_service else None
        offered = models_of_team(in_team) if in_team else subscribed_models(request.user)
        models = sorted({*chosen, *offered})
        return ChangeForm(data, key=present, models=models, chosen=chosen, policy=key_policy())

    form = form_of(request.POST or None)
    if conflicts.saved(request, form, lambda: form_of(None), lambda: _change(request, key_id, form)):
        messages.success(request, _("The key is changed."))
        return redirect("api_key", key_id)
    return render(request, "apikeys/change.html", {"form": form, "key": key})


def _change(request: PageRequest, key_id: UUID, form: ChangeForm) -> None:
    """Only what was changed in the form is sent: what a newer maximum forbids may stay as long as nobody touches it."""
    now = timezone.now()
    named = {"budget_duration": "budget_window", "expires": "expires_at"}
    changed = {named.get(name, name) for name in form.changed_data}
    values = {name: value for name, value in form.arguments(now).items() if name in changed}
    services.change_api_key(actor=request.user, key_id=key_id, now=now, **values)


@require_http_methods(["GET", "POST"])
@signed_in
def reset(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Ask, then have the spend counted from 0 again."""
    key = listing.cared_for(request.user).get_or_refuse(key_id)
    if not may_reset(request.user, key):
        raise errors.Forbidden
    if request.method != "POST":
        return render(request, "apikeys/reset.html", {"key": key})
    services.reset_key_spend(actor=request.user, key_id=key_id, now=timezone.now())
    messages.success(request, _("The spend of “%(name)s” counts from 0 again.") % {"name": key.name})
    return redirect("api_key", key_id)
