"""The filters and orders of the models page, as the address holds them."""

from typing import Any

from django import forms
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog.describing import LANGUAGES, column_of
from catalog.models import Model, ModelQuerySet
from litemaas.web.templatetags.pf_labels import CAPABILITY_LOOKS

ORDERS: dict[str, list[str | OrderBy]] = {
    "name": ["id"],
    "provider": ["provider", "id"],
    "context": [F("context_length").desc(nulls_last=True), "id"],
    "price": [F("input_cost_per_token").asc(nulls_last=True), "id"],
}


_SNIPPET_KINDS = {"chat": "chat", "embeddings": "embeddings", "convert": "convert"}


def snippet_kind(model: Model) -> str:
    """How the examples call this model; "" where there is no example for its type."""
    return _SNIPPET_KINDS.get(model.model_type, "")


def providers() -> list[tuple[str, str]]:
    """Of the whole catalogue, not of the page that is shown."""
    names = Model.objects.exclude(provider="").order_by("provider").values_list("provider", flat=True)
    return [(name, name) for name in names.distinct()]


class ModelFilter(forms.Form):
    """Wrong values are ignored: an old or mistyped address still shows a list."""

    search = forms.CharField(
        label=_("Search models"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    provider = forms.ChoiceField(label=_("Provider"), required=False)
    capability = forms.MultipleChoiceField(
        label=_("Capabilities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, look.word) for name, look in CAPABILITY_LOOKS.items()],
    )
    type = forms.ChoiceField(label=_("Type"), required=False, choices=[("", ""), *Model.Type.choices])
    access = forms.ChoiceField(
        label=_("Access"),
        required=False,
        choices=[("", ""), ("open", _("Open to all")), ("restricted", _("Restricted"))],
    )
    order = forms.ChoiceField(
        label=_("Order"),
        choices=[
            ("name", _("By name")),
            ("provider", _("By provider")),
            ("context", _("Longest context first")),
            ("price", _("Lowest price first")),
        ],
    )

    def __init__(self, query: QueryDict) -> None:
        data = query.copy()
        data.setdefault("order", "name")
        super().__init__(data)
        self._choices("provider").choices = [("", ""), *providers()]
        self.full_clean()

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        return field

    @property
    def wanted(self) -> dict[str, Any]:
        """The values that make sense."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def apply(self, models: ModelQuerySet) -> "QuerySet[Model]":
        wanted = self.wanted
        language = get_language()
        own = column_of(language) if language in LANGUAGES else ""
        models = models.search(wanted.get("search", "").strip(), also_in=own)
        if "provider" in wanted:
            models = models.filter(provider=wanted["provider"])
        if "capability" in wanted:
            models = models.filter(capabilities__contains=wanted["capability"])
        if "type" in wanted:
            models = models.filter(model_type=wanted["type"])
        if "access" in wanted:
            models = models.filter(restricted_access=wanted["access"] == "restricted")
        return models.order_by(*ORDERS[wanted.get("order", "name")])
