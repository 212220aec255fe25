"""One's own settings: the tabs that need more than the account: limits, notifications and alerts, data."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import profile
from accounts.web.pages import PageRequest, signed_in
from apikeys.web import limits as limit_views
from litemaas.errors import DomainError
from litemaas.web.forms import show_refusal
from notifications.kinds import Kind, kinds_for, wants
from portal import own_data
from portal.models import SavedConversation, SavedPrompt
from portal.playground import saving
from usage.budgets.services import set_thresholds
from usage.models import DEFAULT_THRESHOLDS, AlertThresholds, BudgetKind


class ThresholdsForm(forms.Form):
    thresholds = forms.CharField(
        label=gettext_lazy("Thresholds of your budget, in per cent"),
        required=False,
        help_text=gettext_lazy("Whole numbers with commas between them. Empty: 50, 80 and 100."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_thresholds(self) -> list[int] | None:
        typed = self.cleaned_data["thresholds"].replace(";", ",").replace("%", "")
        parts = [part.strip() for part in typed.split(",") if part.strip()]
        if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
            raise forms.ValidationError(_("Give whole numbers, for example 50, 80, 100."))
        return [int(part) for part in parts] or None


@require_GET
@signed_in
def limits(request: PageRequest) -> HttpResponse:
    found = limit_views.of_user(request.user, request.user, now=timezone.now())
    return render(request, "settings/limits.html", {"limits": found, "tab": "limits"})


@require_http_methods(["GET", "POST"])
@signed_in
def notifications(request: PageRequest) -> HttpResponse:
    """Which kinds where, and at which shares of the own budget."""
    kinds = kinds_for(request.user)
    own = _own_thresholds(request.user.pk)
    form = ThresholdsForm(
        request.POST or None, initial={"thresholds": ", ".join(map(str, own or DEFAULT_THRESHOLDS))}
    )
    if request.method == "POST" and form.is_valid() and _keep(request, kinds, form, own):
        messages.success(request, _("Saved."))
        return redirect("settings_notifications")
    preferences = request.user.preferences
    rows = [
        {
            "kind": kind,
            "portal": _is_on(request, kind, "portal", wants(preferences, kind.codes[0], "portal")),
            "mail": _is_on(request, kind, "mail", wants(preferences, kind.codes[0], "mail")),
        }
        for kind in kinds
    ]
    return render(
        request, "settings/notifications.html", {"rows": rows, "form": form, "tab": "notifications"}
    )


def _is_on(request: PageRequest, kind: Kind, channel: str, present: bool) -> bool:
    """What was ticked, where the page comes back because of an error."""
    return f"{kind.name}:{channel}" in request.POST if request.method == "POST" else present


def _keep(request: PageRequest, kinds: list[Kind], form: ThresholdsForm, own: list[int] | None) -> bool:
    stored = request.user.preferences.get("notifications")
    chosen: dict[str, Any] = dict(stored) if isinstance(stored, dict) else {}
    # Of the time before there was a choice per kind.
    chosen.pop("budgetMail", None)
    for kind in kinds:
        chosen[kind.name] = {
            channel: f"{kind.name}:{channel}" in request.POST for channel in ("portal", "mail")
        }
    wanted = form.cleaned_data["thresholds"]
    if wanted is not None and sorted(set(wanted)) == sorted(DEFAULT_THRESHOLDS):
        wanted = None
    try:
        if wanted != own:
            set_thresholds(
                actor=request.user,
                kind=BudgetKind.USER,
                object_id=request.user.pk,
                percents=wanted,
                now=timezone.now(),
            )
        profile.change_preferences(user=request.user, changes={"notifications": chosen})
    except DomainError as error:
        show_refusal(form, error)
        return False
    return True


def _own_thresholds(user_id: Any) -> list[int] | None:
    rows = AlertThresholds.objects.filter(kind=BudgetKind.USER, object_id=user_id)
    return rows.values_list("percents", flat=True).first()


@require_GET
@signed_in
def data(request: PageRequest) -> HttpResponse:
    counts = {
        "conversations": SavedConversation.objects.visible_to(request.user).count(),
        "prompts": SavedPrompt.objects.visible_to(request.user).count(),
    }
    return render(request, "settings/data.html", {"counts": counts, "tab": "data"})


@require_POST
@signed_in
def export(request: PageRequest) -> HttpResponseBase:
    """All that is kept about the reader, as a file."""
    now = timezone.now()
    own_data.note_export(user=request.user, now=now)
    response = StreamingHttpResponse(
        own_data.export_of(request.user, now=now), content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="litemaas-{request.user.pk}-{now:%Y-%m-%d}.json"'
    return response


@require_http_methods(["GET", "POST"])
@signed_in
def clear_conversations(request: PageRequest) -> HttpResponse:
    """Ask, then delete what was kept from the playground."""
    if request.method == "POST":
        count = saving.delete_all_conversations(actor=request.user)
        text = ngettext("%(count)d conversation deleted", "%(count)d conversations deleted", count)
        messages.success(request, text % {"count": count})
        return redirect("settings_data")
    count = SavedConversation.objects.visible_to(request.user).count()
    return render(request, "settings/clear_conversations.html", {"count": count})
