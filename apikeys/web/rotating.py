"""Rotating keys: a new secret, while the former works on as long as was asked for."""

import uuid
from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web.pages import PageRequest, signed_in
from apikeys import services
from apikeys.web import listing
from apikeys.web.views import detail_of
from litemaas import errors
from litemaas.web.forms import sent, show_refusal


class RotateForm(forms.Form):
    """How long the former secret works on."""

    request_token = forms.CharField(widget=forms.HiddenInput, max_length=128, required=False)
    overlap = forms.TypedChoiceField(
        label=gettext_lazy("The present key works on"),
        coerce=int,
        choices=[
            (0, gettext_lazy("Not any more, once the new one works")),
            (3600, gettext_lazy("For an hour")),
            (86_400, gettext_lazy("For a day")),
            (604_800, gettext_lazy("For seven days")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=500)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"request_token": str(uuid.uuid4()), "overlap": 3600})


def rotate_as_asked(request: PageRequest, key_id: UUID, form: RotateForm) -> str | None:
    """The new secret, or None where the form was not sent, is not valid or was refused; the form says why.

    A form sent again with its token rotates no further and shows no secret: "".
    """
    if request.method != "POST" or not form.is_valid():
        return None
    chosen = form.cleaned_data
    try:
        rotated = services.rotate_api_key(
            actor=request.user,
            key_id=key_id,
            overlap=timedelta(seconds=chosen["overlap"]),
            reason=chosen["reason"],
            request_token=chosen["request_token"] or None,
            now=timezone.now(),
        )
    except errors.DomainError as error:
        show_refusal(form, error)
        return None
    return rotated.secret or ""


@require_http_methods(["GET", "POST"])
@signed_in
def rotate(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Ask how long the present secret works on, then show the new one, in this answer only."""
    key = listing.cared_for(request.user).get_or_refuse(key_id)
    form = RotateForm(sent(request))
    secret = rotate_as_asked(request, key_id, form)
    if secret is not None:
        return detail_of(request, key_id, secret, is_new=True)
    return render(request, "apikeys/rotate.html", {"form": form, "key": key})


@require_POST
@signed_in
def retire(request: PageRequest, key_id: UUID) -> HttpResponse:
    """End the overlap of a rotation now. As on the other pages administrators have their own ways to others' keys."""
    listing.cared_for(request.user).get_or_refuse(key_id)
    services.retire_former_secret(actor=request.user, key_id=key_id, now=timezone.now())
    services.bring_to_gateway(key_id)
    messages.success(request, _("The former key has ended."))
    return redirect("api_key", key_id)
