"""Somebody's budget and limits."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import limits as use_cases
from accounts.models import User
from accounts.web.pages import PageRequest, require, signed_in
from apikeys.web.limits import of_user
from litemaas.web import conflicts
from litemaas.web.forms import sent, show_refusal
from portal.web.people.forms import LimitsForm, ReasonForm
from portal.web.people.person import WRITE, person_for, shown


@require_http_methods(["GET", "POST"])
@signed_in
def limits(request: PageRequest, user_id: UUID) -> HttpResponse:
    if request.method == "POST":
        require(request, WRITE)
    person = person_for(request, user_id)
    form = LimitsForm(sent(request), user=person, is_locked=not request.user.may(WRITE))

    def fresh() -> LimitsForm:
        return LimitsForm(None, user=User.objects.get(pk=person.pk), is_locked=False)

    def save() -> None:
        use_cases.change_limits(actor=request.user, user_id=person.pk, limits=form.limits, now=timezone.now())

    if conflicts.saved(request, form, fresh, save):
        messages.success(request, _("The limits of %(name)s are saved.") % {"name": person.username})
        return redirect("user_limits", person.pk)
    return shown(
        request,
        "limits",
        person,
        form=form,
        limits=of_user(person, request.user, now=timezone.now()),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def reset_spend(request: PageRequest, user_id: UUID) -> HttpResponse:
    """Ask, then have the gateway count from 0. It is asked first: without it nothing is changed."""
    require(request, WRITE)
    person = person_for(request, user_id)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            use_cases.reset_spend(
                actor=request.user,
                user_id=person.pk,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except use_cases.SpendNotReset as error:
            show_refusal(form, error)
        else:
            messages.success(
                request,
                _("The gateway counts the spend of %(name)s from 0 again.") % {"name": person.username},
            )
            return redirect("user_limits", person.pk)
    return shown(request, "reset_spend", person, form=form)
