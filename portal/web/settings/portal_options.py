"""The tab of the portal: how it behaves towards its users."""

import re
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import options
from accounts.web.pages import PageRequest, require, signed_in
from litemaas.web.forms import WholeNumber, field_name
from portal.web.settings.forms import SettingsForm
from portal.web.settings.frame import READ, WRITE, show
from portal.web.settings.options_form import OptionsForm

_PLACE = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/.+|UTC"
)


def _time_zones(present: str) -> list[tuple[str, str]]:
    """Those with the name of a place; the zone data knows hundreds of old names besides."""
    names = {name for name in available_timezones() if _PLACE.fullmatch(name)} | {present}
    return [(name, name.replace("_", " ")) for name in sorted(names)]


def _whole(label: Any, least: int, most: int, help_text: Any = "") -> WholeNumber:
    return WholeNumber(label=label, min_value=least, max_value=most, help_text=help_text)


class PortalForm(SettingsForm):
    """Named as the options, in the form's way of writing."""

    public_catalogue = forms.BooleanField(
        label=gettext_lazy("Public catalogue"),
        required=False,
        help_text=gettext_lazy("The API lists the models to everybody, also before the sign-in."),
    )
    users_may_create_teams = forms.BooleanField(
        label=gettext_lazy("Users may create teams"),
        required=False,
        help_text=gettext_lazy("Otherwise administrators do."),
    )
    owner_spend_reset = forms.BooleanField(
        label=gettext_lazy("Owners may reset the spend of their keys"),
        required=False,
        help_text=gettext_lazy(
            "The budget of a key then counts from zero again. The reports keep what was used."
        ),
    )
    key_reveal_mode = forms.ChoiceField(
        label=gettext_lazy("Showing a key again"),
        choices=[
            ("encrypted", gettext_lazy("Owners may look at their keys again (kept encrypted)")),
            ("once", gettext_lazy("Keys are shown once, when they are made")),
        ],
    )
    reveal_max_age_seconds = _whole(
        gettext_lazy("Sign-in needed to look at a key again"),
        60,
        31_536_000,
        gettext_lazy("How old it may be, in seconds. 28,800 seconds are eight hours."),
    )
    max_active_keys_per_user = _whole(gettext_lazy("Active keys for each user"), 1, 1000)
    reporting_time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of reports"),
        help_text=gettext_lazy(
            "Where a day of the reports begins and ends. Daily sums are made anew after a change."
        ),
    )
    audit_retention_days = _whole(
        gettext_lazy("Days that the audit record is kept"),
        30,
        3650,
        gettext_lazy("Older events are removed."),
    )
    sync_safety_percent = _whole(
        gettext_lazy("Safety stop of the model sync"),
        0,
        100,
        gettext_lazy("Per cent of the catalogue. If more would vanish at once, the sync stops and asks."),
    )

    def __init__(self, data: Any, present: dict[str, Any], **more: Any) -> None:
        super().__init__(data, present, **more)
        field: Any = self.fields["reporting_time_zone"]
        field.choices = _time_zones(present["reporting_time_zone"])


_FORM = OptionsForm(
    PortalForm, {field_name(option): option for option in options.PORTAL}, "UPDATE_PORTAL_SETTINGS"
)


@require_http_methods(["GET", "POST"])
@signed_in
def portal(request: PageRequest) -> HttpResponse:
    require(request, READ if request.method == "GET" else WRITE)
    form = _FORM.sent(request)
    if _FORM.saved(request, form):
        return redirect("system_portal")
    return show(request, "portal", {"form": form})
