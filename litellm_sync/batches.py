"""Reading a long table in constant memory, also through a pooler that knows no server-side cursors."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

SIZE = 1000


def in_batches(rows: "QuerySet[Any]", *names: str, size: int = SIZE) -> Iterator[list[tuple[Any, ...]]]:
    """The values of these fields, row by row in the order of the primary key, `size` rows at a time."""
    page = rows.order_by("pk").values_list("pk", *names)[:size]
    while batch := list(page):
        yield [row[1:] for row in batch]
        page = rows.filter(pk__gt=batch[-1][0]).order_by("pk").values_list("pk", *names)[:size]
