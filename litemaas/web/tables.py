"""Tables whose columns the reader chooses, whose list can be had as a file, and whose headings sort it.

A page names its columns once. From them come the headings, the chooser, the order and the file, so that these can't
disagree. The choice is in the address (`columns=name.email`) and remembered by the browser (`preferences`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast

from django.db.models import Expression, F, Model, OrderBy, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from litemaas import cells

R = TypeVar("R")
M = TypeVar("M", bound=Model)
T = TypeVar("T")
# A field's name, or an expression.
Order = str | Expression | F

COLUMNS_PARAMETER = "columns"
FILE_PARAMETER = "format"
# A full stop needs no escaping, neither in an address nor in a cookie.
SEPARATOR = "."
_ROWS_AT_ONCE = 500


def cookie_of(table: str) -> str:
    """The cookie that remembers the columns of a table."""
    return f"columns-{table}"


@dataclass(frozen=True)
class Column(Generic[R]):
    """`name` (letters and `_`) stands in addresses, `title` in the heading. `value` reads what the file says from a
    row; a column without it is not in the file. `order` makes it sortable: a field's name or an expression, or
    several. `is_fixed` can't be taken away; `is_extra` shows only when it is chosen."""

    name: str
    title: Any
    value: Callable[[R], Any] | None = None
    order: Order | Sequence[Order] = ()
    numeric: bool = False
    is_fixed: bool = False
    is_extra: bool = False


@dataclass(frozen=True)
class Table(Generic[R]):
    """`name` (letters and `-`) names the table in the reader's browser and its file. `sort` is the order of a list
    that nobody sorted, as in the address: `name`, or `-name` for the other way round."""

    name: str
    columns: Sequence[Column[R]]
    sort: str = ""

    def shown_to(self, request: HttpRequest) -> "Shown[R]":
        """As the address of `request` asks for it, else as its browser remembers it, else as it is at first. Names
        that there are not are ignored."""
        asked = request.GET.get(COLUMNS_PARAMETER)
        wanted = asked if asked is not None else request.COOKIES.get(cookie_of(self.name))
        chosen = (
            {column.name for column in self.columns if not column.is_extra}
            if wanted is None
            else set(wanted.split(SEPARATOR))
        )
        shown = [column for column in self.columns if column.is_fixed or column.name in chosen]
        sortable = {column.name for column in self.columns if column.order}
        sort = request.GET.get("sort", "")
        return Shown(
            self,
            shown or list(self.columns),
            sort if sort.removeprefix("-") in sortable else self.sort,
            request.GET.get(FILE_PARAMETER) == "csv",
        )


@dataclass(frozen=True)
class Shown(Generic[R]):
    """A table as one reader sees it now. `wants_file`: the list is asked for as a file, not as a page."""

    table: Table[R]
    columns: list[Column[R]]
    sort: str
    wants_file: bool
    _by_name: dict[str, Column[R]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({column.name: column for column in self.table.columns})

    def column(self, name: str) -> Column[R]:
        return self._by_name[name]

    @cached_property
    def shows(self) -> dict[str, bool]:
        """By the column's name; a name that there is not is a KeyError here and false in a template."""
        names = {column.name for column in self.columns}
        return {name: name in names for name in self._by_name}

    @property
    def choices(self) -> list[tuple[Column[R], bool]]:
        """What the reader can show and hide, and whether it is shown."""
        return [(column, self.shows[column.name]) for column in self.table.columns if not column.is_fixed]

    def sorted(self, rows: "QuerySet[M, Any]") -> "QuerySet[M, Any]":
        """`rows` in the order that is asked for; what has no value comes last, ties are broken by the key."""
        if not self.sort:
            return rows
        column = self._by_name[self.sort.removeprefix("-")]
        parts = [column.order] if isinstance(column.order, str | Expression | F) else column.order
        order = [_directed(part, descending=self.sort.startswith("-")) for part in parts]
        return rows.order_by(*order, "pk")

    def ordered(self, rows: Iterable[R]) -> list[R]:
        """Like `sorted`, for rows that are not of the database: `order` names attributes of them (`item.size`)."""
        if not self.sort:
            return list(rows)
        order = self._by_name[self.sort.removeprefix("-")].order
        key = attrgetter(*([order] if isinstance(order, str) else cast("Sequence[str]", order)))
        return sorted(rows, key=key, reverse=self.sort.startswith("-"))

    def file(
        self, rows: "QuerySet[Any, Any] | Iterable[T]", *, of: Callable[[list[T]], Iterable[R]] | None = None
    ) -> StreamingHttpResponse:
        """The whole list with the columns that are shown, written while it is read. `of` makes a lot of rows what
        the page shows of them, in a fixed number of statements for each lot."""
        titles = [str(column.title) for column in self.columns if column.value is not None]
        values = [column.value for column in self.columns if column.value is not None]
        lines = (
            [value(row) for value in values]
            for lot in _in_lots(rows)
            for row in (of(lot) if of else cast("list[R]", lot))
        )
        content = cells.streamed(titles, lines)
        answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
        name = f"{self.table.name}-{timezone.localdate().isoformat()}.csv"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _in_lots(rows: "QuerySet[Any, Any] | Iterable[T]") -> Iterator[list[T]]:
    each = rows.iterator(chunk_size=_ROWS_AT_ONCE) if isinstance(rows, QuerySet) else iter(rows)
    while lot := list(islice(each, _ROWS_AT_ONCE)):
        yield lot


def _directed(part: Order, *, descending: bool) -> OrderBy:
    expression = F(part) if isinstance(part, str) else part
    return OrderBy(expression, descending=descending, nulls_last=True)
