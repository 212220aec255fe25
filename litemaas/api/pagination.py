"""Pages as the contract has them (§1.3): 1-based, stable order, the true total even beyond the end."""

from collections.abc import Callable
from math import ceil
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from litemaas.api import params

DEFAULT_LIMIT = 20
_FURTHEST = 1_000_000


def page_of(
    request: Request,
    rows: QuerySet[Any, Any],
    present: Callable[[Any], dict[str, Any]],
    *,
    max_limit: int = 100,
    with_total: bool = False,
) -> dict[str, Any]:
    """`{data, pagination}` of one page of `rows`, which must be totally ordered.

    `with_total` adds the top-level `total` that the v0.4 front end reads.
    """
    return page_together(
        request, rows, lambda page: [present(row) for row in page], max_limit=max_limit, with_total=with_total
    )


def page_together(
    request: Request,
    rows: QuerySet[Any, Any],
    present: Callable[[list[Any]], list[dict[str, Any]]],
    *,
    max_limit: int = 100,
    with_total: bool = False,
) -> dict[str, Any]:
    """Like `page_of` for rows that are presented together: what belongs to them is read once for the page."""
    page = params.integer(request, "page", 1, maximum=_FURTHEST)
    limit = params.integer(request, "limit", DEFAULT_LIMIT, maximum=max_limit)
    total = rows.count()
    first = (page - 1) * limit
    data = present(list(rows[first : first + limit])) if first < total else []
    answer: dict[str, Any] = {
        "data": data,
        "pagination": {"page": page, "limit": limit, "total": total, "totalPages": ceil(total / limit)},
    }
    if with_total:
        answer["total"] = total
    return answer
