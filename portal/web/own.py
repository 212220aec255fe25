"""One's own settings: the tabs that need more than the account: limits, notifications and alerts, data."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import profile
from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys.web import limits as limit_views
from litemaas.web import conflicts
from notifications.kinds import Channel, kinds_for, wants
from portal import own_data
from portal.models import SavedConversation, SavedPrompt
from portal.playground import saving
from usage.budgets.services import set_thresholds
from usage.models import DEFAULT_THRESHOLDS, AlertThresholds, BudgetKind

# Where one can be told, in the order of the table's columns.
_PLACES: dict[Channel, Any] = {
    "portal": gettext_lazy("%(kind)s, in the portal"),
    "mail": gettext_lazy("%(kind)s, by mail"),
}


class NotificationsForm(forms.Form):
    """A box for each kind and place, named `kind:place`, and the thresholds of one's own budget."""

    thresholds = forms.CharField(
        label=gettext_lazy("Thresholds of your budget, in per cent"),
        required=False,
        help_text=gettext_lazy("Whole numbers with commas between them. Empty: 50, 80 and 100."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict | None, user: User) -> None:
        self.kinds, self.stored = kinds_for(user), own_thresholds(user.pk)
        initial: dict[str, Any] = {"thresholds": ", ".join(map(str, self.stored or DEFAULT_THRESHOLDS))}
        super().__init__(data, initial=initial)
        for kind in self.kinds:
            for place, label in _PLACES.items():
                name = f"{kind.name}:{place}"
                self.fields[name] = forms.BooleanField(label=label % {"kind": kind.label}, required=False)
                self.initial[name] = wants(user.preferences, kind.codes[0], place)

    def rows(self) -> list[dict[str, Any]]:
        """For the table: what is ticked at present, or was when the form was sent."""
        return [
            {"kind": kind, **{place: bool(self[f"{kind.name}:{place}"].value()) for place in _PLACES}}
            for kind in self.kinds
        ]

    def chosen(self) -> dict[str, dict[str, bool]]:
        return {
            kind.name: {place: self.cleaned_data[f"{kind.name}:{place}"] for place in _PLACES}
            for kind in self.kinds
        }

    def percents(self) -> list[int] | None:
        """None where they are the usual ones."""
        wanted: list[int] | None = self.cleaned_data["thresholds"]
        return None if wanted is None or sorted(set(wanted)) == sorted(DEFAULT_THRESHOLDS) else wanted

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
    form = NotificationsForm(request.POST or None, request.user)

    def fresh() -> NotificationsForm:
        return NotificationsForm(None, User.objects.get(pk=request.user.pk))

    if conflicts.saved(request, form, fresh, lambda: _keep(request.user, form)):
        messages.success(request, _("Saved."))
        return redirect("settings_notifications")
    values = {"rows": form.rows(), "form": form, "tab": "notifications"}
    return render(request, "settings/notifications.html", values)


def _keep(user: User, form: NotificationsForm) -> None:
    if (wanted := form.percents()) != form.stored:
        set_thresholds(
            actor=user, kind=BudgetKind.USER, object_id=user.pk, percents=wanted, now=timezone.now()
        )
    present = User.objects.values_list("preferences", flat=True).get(pk=user.pk).get("notifications")
    kept: dict[str, Any] = dict(present) if isinstance(present, dict) else {}
    # Of the time before there was a choice per kind.
    kept.pop("budgetMail", None)
    profile.change_preferences(user=user, changes={"notifications": kept | form.chosen()})


def own_thresholds(user_id: Any) -> list[int] | None:
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
