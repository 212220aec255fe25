"""One page of a list, as the address says it."""

from typing import TYPE_CHECKING, TypeVar

from django.core.paginator import Page, Paginator
from django.http import QueryDict

if TYPE_CHECKING:
    from django.core.paginator import _SupportsPagination

M = TypeVar("M")

USUAL_SIZES = (20, 10, 50, 100)


def page_of(
    rows: "_SupportsPagination[M]", query: QueryDict, sizes: tuple[int, ...] = USUAL_SIZES
) -> "Page[M]":
    """The page `page` with `page_size` rows; the first of `sizes` is the default. What can't be read is ignored,
    a page beyond the end is the last one."""
    wanted = query.get("page_size", "")
    size = int(wanted) if wanted in {str(size) for size in sizes} else sizes[0]
    return Paginator(rows, size).get_page(query.get("page"))
