"""Between the use cases and Django's forms."""

import re
from typing import Any

from django.forms import BaseForm, IntegerField, TextInput
from django.http import HttpRequest, QueryDict
from django.utils.formats import get_format

from litemaas.errors import DomainError, InvalidInput

_CAPITAL = re.compile(r"(?<!^)([A-Z])")


def field_name(wire_name: str) -> str:
    """`modelIds` of the API is the form's `model_ids`."""
    return _CAPITAL.sub(r"_\1", wire_name).lower()


class WholeNumber(IntegerField):
    """A count, typed with or without the reader's thousands separator. Its bounds are the use case's affair."""

    widget = TextInput

    def widget_attrs(self, widget: Any) -> dict[str, Any]:
        return {"inputmode": "numeric", "autocomplete": "off"}

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            for separator in (get_format("THOUSAND_SEPARATOR"), " ", "\u00a0", "\u202f"):
                value = value.replace(separator, "")
        return super().to_python(value)


def show_refusal(form: BaseForm, error: DomainError) -> None:
    """Put what a use case refused beside the fields that it names, or on top of the form."""
    by_field = error.fields if isinstance(error, InvalidInput) else {}
    if not by_field and isinstance(name := error.data.get("field"), str):
        by_field = {name: error.message}
    for wire_name, text in (by_field or {"": error.message}).items():
        name = field_name(wire_name)
        form.add_error(name if name in form.fields else None, text)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, also when it was empty; None when it is only asked for."""
    return request.POST if request.method == "POST" else None
