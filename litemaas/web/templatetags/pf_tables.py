"""Lists: the part of a page that filters swap, tables that become cards on narrow screens, pagination."""

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, QueryDict
from django.template import Context, Library
from django.utils.safestring import SafeString

from litemaas.web.elements import render

register = Library()

PAGE_SIZES = (10, 20, 50, 100)


def address_with(request: HttpRequest, **changes: Any) -> str:
    """This page's address with other parameters; None takes one away."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


@register.simple_block_tag(takes_context=True)
def results(
    context: Context, content: str, announce: str = "", label: str = "", id: str = "results"
) -> SafeString:
    """The part of a list page that filters, sorting and paging swap. `announce` is read out after a swap.

    It hands the sort order and the page size to the filter form, so that changing a filter keeps them.
    """
    query: QueryDict = context["request"].GET
    kept = [(name, query[name]) for name in ("sort", "page_size") if name in query]
    return render("results", content=content, announce=announce, label=label, id=id, kept=kept)


@register.simple_block_tag
def table(content: str, caption: str, count: int | None = None, compact: bool = False) -> SafeString:
    """Holds `head` and `rows`. The caption, with the number of rows, is for screen readers."""
    return render("table", content=content, caption=caption, count=count, compact=compact)


@register.simple_block_tag
def head(content: str) -> SafeString:
    return render("head", content=content)


@register.simple_tag(takes_context=True)
def column(
    context: Context, text: str, sort: str = "", numeric: bool = False, hidden: bool = False
) -> SafeString:
    """A column's heading. With `sort` it is a link to the list sorted by that field, then the other way round.

    `hidden` keeps the text for screen readers only (columns of actions).
    """
    values: dict[str, Any] = {"text": text, "numeric": numeric, "hidden": hidden, "sort": sort}
    if sort:
        request: HttpRequest = context["request"]
        order = {sort: "ascending", f"-{sort}": "descending"}.get(request.GET.get("sort", ""), "none")
        target = f"-{sort}" if order == "ascending" else sort
        values |= {"order": order, "href": address_with(request, sort=target, page=None)}
    return render("column", **values)


@register.simple_block_tag
def rows(content: str) -> SafeString:
    return render("rows", content=content)


@register.simple_block_tag
def row(content: str, quiet: bool = False, id: str = "") -> SafeString:
    """`quiet` shows a row that has ended."""
    return render("row", content=content, quiet=quiet, id=id)


@register.simple_block_tag
def cell(
    content: str, label: str = "", numeric: bool = False, heading: bool = False, whole: bool = False
) -> SafeString:
    """`label` is the column's name, shown beside the value on narrow screens; `heading` is what names the row.

    `whole` lines are never broken.
    """
    name = "heading_cell" if heading else "cell"
    return render(name, content=content, label=label, numeric=numeric, whole=whole)


@register.simple_block_tag
def actions_cell(content: str) -> SafeString:
    """The last cell of a row, with its menu or buttons."""
    return render("actions_cell", content=content)


@register.simple_tag
def select_cell(label: str, name: str, value: Any, form: str = "", selectable: bool = True) -> SafeString:
    """The first cell of a row that can be chosen with others. `form` is the id of the form that it belongs to."""
    return render("select_cell", label=label, name=name, value=value, form=form, selectable=selectable)


@register.simple_tag(takes_context=True)
def pagination(
    context: Context, page: Page[Any], compact: bool = False, target: str = "#results", sizes: str = ""
) -> SafeString:
    """First, previous, next, last and the page size, as links. `sizes` like "12,24,48" replaces the usual ones."""
    request: HttpRequest = context["request"]
    choices = [int(size) for size in sizes.split(",")] if sizes else list(PAGE_SIZES)

    def to(number: int) -> str:
        return address_with(request, page=number if number > 1 else None)

    return render(
        "pagination",
        page=page,
        total=page.paginator.count,
        compact=compact,
        target=target,
        first=to(1) if page.has_previous() else "",
        previous=to(page.number - 1) if page.has_previous() else "",
        next=to(page.number + 1) if page.has_next() else "",
        last=to(page.paginator.num_pages) if page.has_next() else "",
        sizes=[(size, address_with(request, page_size=size, page=None)) for size in choices],
        size=page.paginator.per_page,
    )
