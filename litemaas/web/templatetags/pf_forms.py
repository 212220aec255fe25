"""Forms: every field with label, help and error tied together, from Django's bound fields."""

from typing import Any

from django.forms import (
    BaseForm,
    BoundField,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
    SelectMultiple,
    Textarea,
)
from django.http import HttpRequest
from django.template import Context, Library
from django.urls import reverse
from django.utils.safestring import SafeString

from litemaas.web import typed
from litemaas.web.addresses import address_with
from litemaas.web.elements import blank, render

register = Library()

_CHOICES_WORTH_A_SEARCH = 8


@register.simple_block_tag(takes_context=True)
def form(context: Context, content: str, **options: Any) -> SafeString:
    """A form that posts, with the CSRF token. Options: `action` (this address), `id`, `bound` (a Django form: its
    errors are summed up on top, under `error_title`), `guard` (asks before unsaved text is lost), `multipart`,
    `method` ("get": the address holds what was typed)."""
    request = context.get("request")
    reader = getattr(request, "reader_id", None)
    return render(
        "form",
        content=content,
        csrf_token=context.get("csrf_token"),
        typed_by=typed.mark(reader, content) if reader else "",
        request=request,
        **options,
    )


@register.simple_block_tag
def form_actions(content: str) -> SafeString:
    """The buttons under a form."""
    return render("form_actions", content=content)


@register.simple_block_tag
def form_section(content: str, title: str, description: str = "") -> SafeString:
    """Fields that belong together, under a heading."""
    return render("form_section", content=content, title=title, description=description)


@register.simple_block_tag
def only_when(content: str, name: str, isnt: str = "", is_value: str = "") -> SafeString:
    """Fields that are hidden by script while the field `name` has the value `isnt`, or has not the value `is_value`.
    They are sent all the same: the use case must not mind them."""
    return render("only_when", content=content, name=name, isnt=isnt, is_value=is_value)


@register.simple_tag
def error_summary(bound: BaseForm, title: str = "") -> SafeString:
    """All errors of a form with links to their fields. A single error of a field is shown at the field only."""
    fields = [(field, field.errors) for field in bound if field.errors]
    shown = len(fields) > 1 or bool(bound.non_field_errors())
    return render("error_summary", form=bound, fields=fields, shown=shown, title=title)


@register.simple_tag(takes_context=True)
def conflict(context: Context, differences: list[Any]) -> SafeString:
    """What somebody else saved meanwhile beside what was typed (`litemaas.web.conflicts`). `form` has it already."""
    return render("conflict", differences=differences, request=context.get("request"))


@register.simple_tag
def fields(bound: BaseForm) -> SafeString:
    """All fields of a form in their order."""
    return render("fields", hidden=bound.hidden_fields(), visible=bound.visible_fields())


@register.simple_tag
def field(bound: BoundField, unit: str = "", label: str = "") -> SafeString:
    """One field in the shape that its widget asks for. `unit` stands behind the control, `label` replaces its own."""
    kind = kind_of(bound)
    values: dict[str, Any] = {
        "field": bound,
        "kind": kind,
        "unit": unit,
        "label": label or bound.label,
        "required": bound.field.required,
    }
    if kind in {"checks", "radios"}:
        options = options_of(bound)
        return render(
            "field_choices", options=options, search=len(options) > _CHOICES_WORTH_A_SEARCH, **values
        )
    if kind == "checkbox":
        return render("field_checkbox", option=options_of(bound)[0], **values)
    return render("field", control=bound.as_widget(), **values)


@register.simple_tag
def switches(bound: BoundField, label: str = "", **options: Any) -> SafeString:
    """The choices of a field with several, or a yes-or-no field, as switches. They are checkboxes that look so.

    Options: `help` and `locks` (value → a line below it; a lock is why the switch can't be used) and `label_hidden`.
    """
    helps, locks = options.get("help") or {}, options.get("locks") or {}
    several = isinstance(bound.field.widget, CheckboxSelectMultiple)
    shown = [
        {
            **option,
            "word": option["label"] if several else label or bound.label,
            "help": helps.get(option["value"], ""),
            "lock": locks.get(option["value"], ""),
        }
        for option in options_of(bound)
    ]
    return render(
        "switches",
        field=bound,
        options=shown,
        label=label or bound.label,
        label_hidden=options.get("label_hidden", not several),
    )


def kind_of(bound: BoundField) -> str:
    """checks, radios, textarea, select, or the input's type such as text, number, date, checkbox."""
    for widget_class, kind in (
        (CheckboxSelectMultiple, "checks"),
        (RadioSelect, "radios"),
        (Textarea, "textarea"),
        (SelectMultiple, "select-multiple"),
        (Select, "select"),
    ):
        if isinstance(bound.field.widget, widget_class):
            return kind
    return str(getattr(bound.field.widget, "input_type", "text"))


def options_of(bound: BoundField) -> list[dict[str, Any]]:
    """The choices of a check list or radio group: name, value, label, selected, id, attrs."""
    return [{**widget.data, "id": widget.id_for_label} for widget in bound.subwidgets]


@register.simple_tag
def tick(name: str, checked: bool, label: str, where: str) -> SafeString:
    """One box of a grid of choices in a table, named by its row (`label`) and column (`where`)."""
    return render("tick", name=name, checked=checked, label=label, where=where)


# --- filters of a list ------------------------------------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def filters(
    context: Context, content: str, bound: BaseForm, target: str = "#results", label: str = ""
) -> SafeString:
    """The filter form of a list: a search field, then selects and check lists. Content: what stands at the end.

    It is a GET form; with script every change swaps `target`, text waits 300 ms. A choice with an empty value
    stands for "any"; a required field (a sort order, say) has no "any". `chips` belongs into the results. A text
    field with `data-suggest` (the name of an address that answers with options) offers what fits while one types.
    """
    request: HttpRequest = context["request"]
    controls = [
        {
            "field": item,
            "kind": kind_of(item),
            "options": _offered(item),
            "suggest": _suggestions_of(item),
        }
        for item in bound
    ]
    return render(
        "filters", content=content, controls=controls, target=target, label=label, address=request.path
    )


@register.simple_tag(takes_context=True)
def refreshed_filter(context: Context, item: BoundField) -> SafeString:
    """A filter whose choices hang on another one: stands in the results, and replaces the one in the filter form
    when they are swapped. Where the whole page is drawn it is nothing."""
    if not getattr(context["request"], "htmx", None):
        return SafeString()
    options = _offered(item)
    if kind_of(item) == "checks":
        # The menu around them stays open.
        return render("refreshed_choices", field=item, options=options)
    return render("_filter_select", field=item, options=options, swapped=True)


@register.simple_tag(takes_context=True)
def chips(context: Context, bound: BaseForm) -> SafeString:
    """A chip per filter in use, each removable, and "Clear all filters". Stands at the top of the results."""
    request: HttpRequest = context["request"]
    items = [item for item in bound if not item.field.required]
    return render(
        "chips",
        chips=[chip for item in items for chip in _chips(request, item)],
        clear=address_with(request, page=None, **dict.fromkeys(item.html_name for item in items)),
    )


def _suggestions_of(item: BoundField) -> str:
    name = item.field.widget.attrs.get("data-suggest")
    return reverse(name) if name else ""


def _filter_options(item: BoundField) -> list[dict[str, Any]]:
    if not isinstance(item.field.widget, (Select, CheckboxSelectMultiple, RadioSelect)):
        return []
    if kind_of(item) == "checks":
        return _check_options(item)
    return [option for option in options_of(item) if str(option["value"])]


def _offered(item: BoundField) -> list[Any]:
    """What the filter is drawn from: options, or whole boxes to check."""
    options = _filter_options(item)
    if kind_of(item) not in {"checks", "select-multiple"}:
        return options
    names = ("id", "name", "value", "label")
    drawn = {chosen: blank("filter_choice", names, selected=chosen) for chosen in (False, True)}
    return [drawn[option["selected"]](option) for option in options]


def _check_options(item: BoundField) -> list[dict[str, Any]]:
    """What a check list needs of its options, without Django's widgets: there may be hundreds."""
    chosen = {str(value) for value in item.value() or ()}
    choices = enumerate(item.field.choices)  # type: ignore[attr-defined]
    return [
        {
            "name": item.html_name,
            "value": str(value),
            "label": label,
            "selected": str(value) in chosen,
            "id": f"{item.auto_id}_{at}",
        }
        for at, (value, label) in choices
        if str(value)
    ]


def _chips(request: HttpRequest, item: BoundField) -> list[dict[str, str]]:
    words = {str(option["value"]): str(option["label"]) for option in _filter_options(item)}
    values = [value for value in request.GET.getlist(item.html_name) if value]
    return [
        {
            "name": str(item.label or item.name),
            "value": words.get(value, value),
            "href": _address_without(request, item.html_name, value),
        }
        for value in values
        if not words or value in words
    ]


def _address_without(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.setlist(name, [other for other in query.getlist(name) if other != value])
    query.pop("page", None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
