"""The page on which administrators take personal data out of a row of the record."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.audit import redacting
from accounts.audit.words import action_text
from accounts.models import AuditEvent
from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web.forms import show_refusal

_LABELS = {
    "actor_name": gettext_lazy("User name"),
    "resource_id": gettext_lazy("Object"),
    "error_message": gettext_lazy("Error"),
    "metadata": gettext_lazy("Details"),
    "old_values": gettext_lazy("Values before"),
    "new_values": gettext_lazy("Values after"),
    "ip_address": gettext_lazy("Address"),
    "user_agent": gettext_lazy("Browser"),
}


class RedactForm(forms.Form):
    fields_to_empty = forms.MultipleChoiceField(
        label=gettext_lazy("What to take out"), widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: Any, event: AuditEvent) -> None:
        super().__init__(data)
        field: Any = self.fields["fields_to_empty"]
        field.choices = [(name, label) for name, label in _LABELS.items() if getattr(event, name)]


@require_http_methods(["GET", "POST"])
@signed_in
def redact(request: PageRequest, event_id: int) -> HttpResponse:
    if not request.user.may("admin:settings"):
        raise errors.Forbidden
    event = AuditEvent.objects.visible_to(request.user).filter(pk=event_id).first()
    if event is None:
        raise errors.NotFound
    form = RedactForm(request.POST if request.method == "POST" else None, event)
    if request.method == "POST" and form.is_valid():
        try:
            redacting.redact_event(
                actor=request.user,
                event_id=event.pk,
                fields=form.cleaned_data["fields_to_empty"],
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except errors.DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("It is taken out. The record says that it was, by whom and why."))
            return redirect(f"{reverse('audit_events')}?open={event.pk}")
    said = {"form": form, "event": event, "action": action_text(event.action)}
    return render(request, "account/redact.html", said)
