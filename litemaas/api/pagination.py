"""Pages as the contract has them (§1.3): 1-based, stable order, the true total even beyond the end."""

import time
from collections.abc import Callable
from math import ceil
from typing import Any

from django.db.models import Func, IntegerField, QuerySet, Subquery
from rest_framework.request import Request

from litemaas.api import params
from litemaas.api.statements import Json, Statement, Values

DEFAULT_LIMIT = 20
FURTHEST = 1_000_000
_MANY = 5_000
_MOMENT = 2.0
_MOST_TOTALS = 256


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
    page, limit = _asked(request, max_limit)
    total = rows.count()
    first = (page - 1) * limit
    data = [present(row) for row in rows[first : first + limit]] if first < total else []
    return _answer(data, page, limit, total, with_total)


def presented_page(
    request: Request,
    rows: QuerySet[Any, Any],
    present: Callable[[list[Any]], list[Json]],
    *,
    max_limit: int = 100,
) -> Json:
    """Like `page_of`, for rows that are presented together: what belongs to them is read for all at once."""
    page, limit = _asked(request, max_limit)
    total = rows.count()
    first = (page - 1) * limit
    found = list(rows[first : first + limit]) if first < total else []
    return _answer(present(found) if found else [], page, limit, total, False)


def page_around(
    request: Request,
    rows: Callable[[int, int], list[Json]],
    total: Callable[[], int],
    *,
    max_limit: int = 100,
) -> Json:
    """`{data, pagination}` of rows that are read in their own way: `rows(limit, offset)` and `total()`."""
    page, limit = _asked(request, max_limit)
    count = total()
    first = (page - 1) * limit
    return _answer(rows(limit, first) if first < count else [], page, limit, count, False)


class Listing:
    """A list that is asked for often: one statement for a page and its total, compiled once per shape.

    `filtered(shape, values)` gives the rows, totally ordered; `columns(shape, rows)` what is shown of them.

    Counting is what a long list costs: the total of one with thousands of rows may be a moment old (`_MOMENT`) where
    `recalls_totals`; shorter ones are always counted.
    """

    def __init__(
        self,
        filtered: Callable[[Any, Values], QuerySet[Any, Any]],
        columns: Callable[[Any, Any], QuerySet[Any, Any]],
        *,
        recalls_totals: bool = False,
    ) -> None:
        self._filtered, self._columns = filtered, columns
        self._statement = Statement(self._build)
        self._without_total = Statement(lambda shape, values: columns(shape, filtered(shape, values)))
        self._recalls_totals = recalls_totals
        self._totals: dict[Any, tuple[float, int]] = {}

    def _build(self, shape: Any, values: Values) -> QuerySet[Any, Any]:
        rows = self._filtered(shape, values)
        count = Func(template="COUNT(*)", output_field=IntegerField())
        total = Subquery(rows.order_by().annotate(row_count=count).values("row_count"))
        counted: QuerySet[Any, Any] = self._columns(shape, rows).annotate(total_count=total)
        return counted

    def page(
        self,
        request: Request,
        shape: Any,
        values: Values,
        present: Callable[[list[Json]], list[Json]],
        *,
        max_limit: int = 100,
        with_total: bool = False,
        once: bool = False,
    ) -> Json:
        """Like `page_of`, for rows that are presented together. `once` as in `Statement.rows`."""
        page, limit = _asked(request, max_limit)
        window = (limit, (page - 1) * limit)
        total = self._recalled(shape, values)
        if total is not None:
            rows = self._without_total.rows(shape, values, window=window, once=once)
        else:
            rows = self._statement.rows(shape, values, window=window, once=once)
            total = rows[0]["total_count"] if rows else self._count_if(page > 1, shape, values)
            self._keep(shape, values, total)
        return _answer(present(rows) if rows else [], page, limit, total, with_total)

    def _recalled(self, shape: Any, values: Values) -> int | None:
        if not self._recalls_totals:
            return None
        until, total = self._totals.get((shape, tuple(values.items())), (0.0, 0))
        return total if time.monotonic() < until else None

    def _keep(self, shape: Any, values: Values, total: int) -> None:
        if self._recalls_totals and total >= _MANY:
            if len(self._totals) >= _MOST_TOTALS:
                self._totals.clear()
            self._totals[shape, tuple(values.items())] = (time.monotonic() + _MOMENT, total)

    def _count_if(self, is_needed: bool, shape: Any, values: Values) -> int:
        """A page without rows says nothing of the total, unless it is the first."""
        return self._filtered(shape, values).count() if is_needed else 0


def _asked(request: Request, max_limit: int) -> tuple[int, int]:
    """Page and limit."""
    page = params.integer(request, "page", 1, maximum=FURTHEST)
    return page, params.integer(request, "limit", DEFAULT_LIMIT, maximum=max_limit)


def _answer(data: list[Json], page: int, limit: int, total: int, with_total: bool) -> Json:
    answer: Json = {
        "data": data,
        "pagination": {"page": page, "limit": limit, "total": total, "totalPages": ceil(total / limit)},
    }
    if with_total:
        answer["total"] = total
    return answer
