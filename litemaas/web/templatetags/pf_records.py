"""Rows of a table that open, and what changed from one state to another."""

from typing import Any

from django.http import HttpRequest
from django.template import Context, Library
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from litemaas.web.elements import render

register = Library()
_MOST_OPEN = 20


@register.simple_tag(takes_context=True)
def expand_cell(context: Context, row_id: Any, name: str) -> SafeString:
    """The first cell of a row that opens. Which ones are open says the address (`open`), so it works without script.

    `name` is what the row is about, for screen readers. Put `details_row` after the row where `is_open` says so.
    """
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    before = query.getlist("open")
    shut = str(row_id) in before
    after = [one for one in before if one != str(row_id)] if shut else [*before, str(row_id)][-_MOST_OPEN:]
    query.setlist("open", after)
    href = f"{request.path}?{query.urlencode()}"
    return render("expand_cell", id=row_id, name=name, is_open=shut, href=href)


@register.simple_tag(takes_context=True)
def is_open(context: Context, row_id: Any) -> bool:
    request: HttpRequest = context["request"]
    return str(row_id) in request.GET.getlist("open")


@register.simple_block_tag
def details_row(content: str, row_id: Any, columns: int) -> SafeString:
    """The row below an open one, over all `columns`."""
    return render("details_row", content=content, id=row_id, columns=columns)


@register.simple_tag
def differences(
    items: list[tuple[str, str | None, str | None]], caption: str = "", before: str = "", after: str = ""
) -> SafeString:
    """Field, value before, value after; None is a dash. With `before` and `after`, which then head the columns, it is
    two sides of one thing instead: neither is the old one."""
    return render(
        "differences",
        items=items,
        caption=caption or gettext("What changed"),
        before=before or gettext("Before"),
        after=after or gettext("After"),
        is_change=not before,
    )
