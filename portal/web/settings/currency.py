"""The tab of the currency that amounts are shown in."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import options
from accounts.web.pages import PageRequest, require, signed_in
from litemaas import currency, errors
from litemaas.web.templatetags.formats import money_text
from portal.web.settings.forms import SettingsForm
from portal.web.settings.frame import READ, WRITE, show
from portal.web.settings.options_form import OptionsForm

_SAMPLE = Decimal("1234.56")
_LANGUAGES = (("en", "English"), ("de", "Deutsch"), ("fr", "français"))


class CurrencyForm(SettingsForm):
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        choices=[
            (code, f"{code} – {name} ({symbol})") for code, (symbol, name) in options.CURRENCIES.items()
        ],
    )


@dataclass(frozen=True)
class Sample:
    language: str
    name: str
    text: str


def samples(code: str) -> list[Sample]:
    """How 1234.56 looks to readers of three languages."""
    found = []
    with currency.as_if(options.currency_of(code)):
        for language, name in _LANGUAGES:
            with translation.override(language):
                found.append(Sample(language, name, money_text(_SAMPLE)))
    return found


_FORM = OptionsForm(CurrencyForm, {"currency": "currency"}, "UPDATE_CURRENCY_SETTINGS")


@require_http_methods(["GET", "POST"])
@signed_in
def page(request: PageRequest) -> HttpResponse:
    require(request, READ if request.method == "GET" else WRITE)
    form = _FORM.sent(request)
    if _FORM.saved(request, form):
        return redirect("system_currency")
    return show(request, "currency", {"form": form, "samples": samples(form.present["currency"])})


@require_POST
@signed_in
def preview(request: PageRequest) -> HttpResponse:
    """The samples for what is chosen in the form."""
    require(request, READ)
    code = request.POST.get("currency", "")
    if code not in options.CURRENCIES:
        raise errors.InvalidInput(fields={"currency": _("There is no such currency.")})
    return render(request, "portal/settings/_samples.html", {"samples": samples(code)})
