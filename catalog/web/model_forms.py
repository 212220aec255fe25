"""The forms of managed models. Prices are typed per million tokens."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog.model_form import ModelForm, checked
from catalog.models import Model, ModelQuerySet
from litemaas.errors import InvalidInput
from litemaas.web.forms import WholeNumber
from litemaas.web.templatetags.formats import money_text
from litemaas.web.templatetags.pf_labels import CAPABILITY_LOOKS

_MILLION = 1_000_000
_OPTIONAL = ("vision", "function_calling", "parallel_function_calling", "tool_choice", "tokenize")
# The use case's name of a field → the page's.
_ON_PAGE = {"input_cost_per_token": "input_price", "output_cost_per_token": "output_price"}
_NOT_NEGATIVE = {"min_value": _("Enter 0 or more."), "invalid": _("Enter a number.")}
# What a field with an error of its own leaves open.
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("description", "api_base", "backend_model_name"), ""),
    **dict.fromkeys(("rpm", "tpm", "max_tokens", "input_price", "output_price")),
    "model_type": Model.Type.CHAT,
    "capabilities": [],
}
_OF_TYPE = {Model.Type.CHAT: "chat", Model.Type.EMBEDDINGS: "embeddings", Model.Type.CONVERT: "convert"}


class PageForm(forms.Form):
    """A model as the page asks for it; its name is fixed. `version` is of what was shown (`litemaas.web.conflicts`)."""

    version: str
    is_new = False

    model_type = forms.ChoiceField(label=_("Type"), choices=Model.Type.choices)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea({"rows": 3})
    )
    api_base = forms.CharField(
        label=_("API address"),
        max_length=500,
        help_text=_("Where the backend answers, such as https://host/v1."),
    )
    backend_model_name = forms.CharField(
        label=_("Name at the backend"),
        required=False,
        max_length=255,
        help_text=_("Not needed for document conversion."),
    )
    api_key = forms.CharField(
        label=_("Key of the provider"),
        required=False,
        max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=_(
            "Kept encrypted and never shown. Leave it blank to keep the stored one; another address needs its own key."
        ),
    )
    rpm = WholeNumber(label=_("Requests per minute"), required=False)
    tpm = WholeNumber(label=_("Tokens per minute"), required=False)
    max_tokens = WholeNumber(label=_("Longest answer in tokens"), required=False)
    input_price = forms.DecimalField(
        label=_("Price of a million input tokens"),
        required=False,
        min_value=0,
        help_text=_("0 is free."),
        error_messages=_NOT_NEGATIVE,
    )
    output_price = forms.DecimalField(
        label=_("Price of a million output tokens"),
        required=False,
        min_value=0,
        help_text=_("0 is free."),
        error_messages=_NOT_NEGATIVE,
    )
    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, CAPABILITY_LOOKS[name].word) for name in _OPTIONAL],
    )
    restricted = forms.BooleanField(
        label=_("Restricted: a subscription needs an administrator's approval"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The price of a single token stands below that of a million."""
        super().__init__(*args, **kwargs)
        for name in ("input_price", "output_price"):
            if (price := self._price_in(name)) is not None and price >= 0:
                self.fields[name].help_text = _("0 is free. %(price)s for each token.") % {
                    "price": money_text(price, exact=True)
                }

    def clean(self) -> dict[str, Any]:
        """All that is wrong at once, in the use case's words. A test needs no whole model, and of one that is there what
        was not changed need not be mended."""
        values: dict[str, Any] = self.cleaned_data
        if "test" in self.data:
            return values
        try:
            checked(self._as_form(ModelForm(values.get("model_name", "")), {**_NOTHING, **values}))
        except InvalidInput as error:
            for wire_name, text in error.fields.items():
                name = _ON_PAGE.get(wire_name, wire_name)
                if name in (self.fields if self.is_new else self.changed_data) and name not in self.errors:
                    self.add_error(name, text)
        return values

    def freeze(self, *, wholly: bool = False) -> None:
        """Only whether the model is restricted is decided here; `wholly`: nor is that."""
        for name, field in self.fields.items():
            if wholly or name != "restricted":
                field.disabled, field.required = True, False

    def _price_in(self, name: str) -> Decimal | None:
        try:
            # Not by `self[name]`, which would keep the help as it is now.
            price = self.fields[name].to_python((self.data if self.is_bound else self.initial).get(name))
        except forms.ValidationError:
            return None
        return None if price is None else _per_token(price)

    @staticmethod
    def initial_of(form: ModelForm, restricted: bool) -> dict[str, Any]:
        return {
            "model_type": form.model_type,
            "description": form.description,
            "api_base": form.api_base,
            "backend_model_name": form.backend_model_name,
            "rpm": form.rpm,
            "tpm": form.tpm,
            "max_tokens": form.max_tokens,
            "input_price": per_million(form.input_cost_per_token),
            "output_price": per_million(form.output_cost_per_token),
            "capabilities": [name for name in form.capabilities if name in _OPTIONAL],
            "restricted": restricted,
        }

    def as_model_form(self, before: ModelForm) -> ModelForm:
        """`before` with what was typed."""
        return self._as_form(before, self.cleaned_data)

    def _as_form(self, before: ModelForm, typed: dict[str, Any]) -> ModelForm:
        kept = {name for name in before.capabilities if name not in {*_OPTIONAL, *_OF_TYPE.values()}}
        able = {*kept, *typed["capabilities"]}
        if kind := _OF_TYPE.get(Model.Type(typed["model_type"])):
            able.add(kind)
        counts_tokens = typed["model_type"] != Model.Type.CONVERT
        return replace(
            before,
            model_type=typed["model_type"],
            description=typed["description"].strip(),
            api_base=typed["api_base"].strip(),
            backend_model_name=typed["backend_model_name"].strip(),
            rpm=typed["rpm"],
            tpm=typed["tpm"] if counts_tokens else None,
            max_tokens=typed["max_tokens"] if counts_tokens else None,
            input_cost_per_token=_per_token(typed["input_price"]) if counts_tokens else None,
            output_cost_per_token=_per_token(typed["output_price"]) if counts_tokens else None,
            capabilities=tuple(sorted(able)),
        )


class NewModelForm(PageForm):
    is_new = True

    model_name = forms.CharField(
        label=_("Name"),
        max_length=255,
        help_text=_("The public name, without blanks. It can't be changed afterwards."),
    )
    field_order = ["model_name"]


class DeleteForm(forms.Form):
    typed = forms.CharField(label=_("Type the model's name to confirm"), max_length=255)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2, "maxlength": 500}),
    )

    def __init__(self, data: QueryDict | None, *, name: str) -> None:
        super().__init__(data)
        self.name = name

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self.name:
            raise forms.ValidationError(_("This is not the model's name."))
        return typed


class ManagedFilter(forms.Form):
    """Wrong values are ignored: an old or mistyped address still shows a list."""

    search = forms.CharField(
        label=_("Search models"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    type = forms.ChoiceField(label=_("Type"), required=False, choices=[("", ""), *Model.Type.choices])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", ""),
            ("available", _("Available")),
            ("missing", _("Missing in the gateway")),
            ("retired", _("Retired")),
        ],
    )
    capability = forms.MultipleChoiceField(
        label=_("Capabilities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, look.word) for name, look in CAPABILITY_LOOKS.items()],
    )
    restricted = forms.BooleanField(label=_("Restricted models only"), required=False)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()

    def apply(self, rows: ModelQuerySet) -> ModelQuerySet:
        wanted = self.cleaned_data
        rows = rows.search(wanted.get("search", "").strip())
        if wanted.get("type"):
            rows = rows.filter(model_type=wanted["type"])
        if wanted.get("capability"):
            rows = rows.filter(capabilities__contains=wanted["capability"])
        if wanted.get("restricted"):
            rows = rows.filter(restricted_access=True)
        match wanted.get("state"):
            case "available":
                rows = rows.available()
            case "missing":
                rows = rows.exclude(availability=Model.Availability.AVAILABLE).filter(retired_at=None)
            case "retired":
                rows = rows.filter(retired_at__isnull=False)
        return rows


def per_million(price: Decimal | None) -> str:
    """What a form and a file show of a price per token; "" where it is not known."""
    return "" if price is None else format((price * _MILLION).normalize(), "f")


def _per_token(price: Decimal | None) -> Decimal | None:
    return None if price is None else price / _MILLION
