"""Pages of a list, read from the query string. What is out of range ends at the nearest page."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

LARGEST = 100


def page_of(request: HttpRequest, rows: "QuerySet[Any, Any]", *, size: int = 20) -> Page[Any]:
    """`page` and `page_size` of the query string; `rows` must be totally ordered."""
    wanted = request.GET.get("page_size", "")
    per_page = min(int(wanted), LARGEST) if wanted.isascii() and wanted.isdecimal() and int(wanted[:4]) else size
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def order_of(request: HttpRequest, sorts: dict[str, str], default: str) -> str:
    """The column to sort by: `sort=name` or `sort=-name`, only names in `sorts`."""
    asked = request.GET.get("sort", default)
    name, sign = asked.lstrip("-"), "-" if asked.startswith("-") else ""
    if name not in sorts:
        name, sign = default.lstrip("-"), "-" if default.startswith("-") else ""
    return sign + sorts[name]
