"""Lists: the part of a page that filters swap, tables that become cards on narrow screens, pagination."""

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, QueryDict
from django.template import Context, Library
from django.utils.safestring import SafeString, mark_safe

from litemaas.web.addresses import address_with
from litemaas.web.elements import render
from litemaas.web.tables import FILE_PARAMETER, Shown

register = Library()

PAGE_SIZES = (10, 20, 50, 100)


@register.simple_block_tag(takes_context=True)
def results(
    context: Context, content: str, announce: str = "", label: str = "", id: str = "results", keep: str = ""
) -> SafeString:
    """The part of a list page that filters, sorting and paging swap. `announce` is read out after a swap.

    It hands the sort order, the page size, the view and the columns to the filter form: changing a filter keeps them.
    So it does with the parameters named in `keep`.
    """
    query: QueryDict = context["request"].GET
    kept = [
        (name, query[name])
        for name in ("sort", "page_size", "view", "columns", *keep.split())
        if name in query
    ]
    return render("results", content=content, announce=announce, label=label, id=id, kept=kept)


@register.simple_block_tag
def table(
    content: str, caption: str, count: int | None = None, compact: bool = False, dense: bool = False
) -> SafeString:
    """Holds `head` and `rows`. The caption, with the number of rows, is for screen readers. `dense`: many columns."""
    return render("table", content=content, caption=caption, count=count, compact=compact, dense=dense)


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
    values: dict[str, Any] = {"text": text, "numeric": numeric, "hidden": hidden}
    if sort:
        request: HttpRequest = context["request"]
        values |= _sorting(request, sort, request.GET.get("sort", ""))
    return render("column", **values)


def _sorting(request: HttpRequest, sort: str, present: str) -> dict[str, Any]:
    order = {sort: "ascending", f"-{sort}": "descending"}.get(present, "none")
    target = f"-{sort}" if order == "ascending" else sort
    return {"sort": sort, "order": order, "href": address_with(request, sort=target, page=None)}


@register.simple_tag(takes_context=True)
def shown_columns(context: Context, table: Shown[Any]) -> SafeString:
    """The headings of the columns that a `litemaas.web.tables` table shows now; stands in `head`."""
    request: HttpRequest = context["request"]
    headings = [
        render(
            "column",
            text=column.title,
            numeric=column.numeric,
            **(_sorting(request, column.name, table.sort) if column.order else {}),
        )
        for column in table.columns
    ]
    return mark_safe("".join(headings))  # noqa: S308  each is a rendered element


@register.simple_block_tag
def cell_of(
    content: str,
    table: Shown[Any],
    name: str,
    heading: bool = False,
    whole: bool = False,
    breaks: bool = False,
) -> SafeString:
    """The cell of a column of a `litemaas.web.tables` table; nothing where the reader does not show that column.
    What `breaks` may do so anywhere, as an e-mail address, where the table would be wider than the page."""
    if not table.shows[name]:
        return mark_safe("")
    column = table.column(name)
    element = "heading_cell" if heading else "cell"
    return render(
        element, content=content, label=column.title, numeric=column.numeric, whole=whole, breaks=breaks
    )


@register.simple_tag(takes_context=True)
def table_bar(context: Context, table: Shown[Any], page: Page[Any], sizes: str = "") -> SafeString:
    """Above a table: which columns it shows, the list as a file, and the pages in short."""
    request: HttpRequest = context["request"]
    return render(
        "table_bar",
        table=table,
        next=request.get_full_path(),
        csrf_token=context.get("csrf_token"),
        file=address_with(request, **{"page": None, "page_size": None, FILE_PARAMETER: "csv"}),
        pages=pagination(context, page, compact=True, sizes=sizes),
        is_empty=not page.paginator.count,
    )


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


@register.simple_block_tag
def choosing(content: str) -> SafeString:
    """Holds a table with `select_cell`s and a `choose_all` for them."""
    return render("choosing", content=content)


@register.simple_tag
def choose_all() -> SafeString:
    """Chooses all rows of the page or none, and says how many are chosen. With script only."""
    return render("choose_all")


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


@register.simple_tag(takes_context=True)
def view_switch(context: Context, is_list: bool) -> SafeString:
    """The same rows as cards or as a table (`?view=list`), with the filters kept."""
    request: HttpRequest = context["request"]
    return render(
        "view_switch",
        is_list=is_list,
        cards=address_with(request, view=None),
        table=address_with(request, view="list"),
    )
