"""Runs statements on the rollups."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def plan_for_memory(*, connection: Any, **_of_the_signal: Any) -> None:
    """Tell the planner of each new connection that pages are in memory or on flash, and to leave other cores alone.

    It would read whole tables instead of an index, for disks that turn; and each worker that it starts takes longer to
    come up than a question may take, on cores that answer somebody else. 20,000 sums of costs fit into 16 MB.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET random_page_cost = 1.1; SET work_mem = '16MB'; SET max_parallel_workers_per_gather = 0"
        )


def fetch(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
