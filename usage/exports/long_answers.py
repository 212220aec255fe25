"""Answers of `GET /usage/query` that take longer than a request may wait: a job writes them, a piece at a time."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Actor, User
from jobs.models import Job
from jobs.running import Run
from jobs.services import JobRunning, start_job
from litemaas.api.rendering import dumps
from usage import queries
from usage.exports.packing import packed, unpacked
from usage.figures import Figures
from usage.queries import Query, Row
from usage.query_rows import foot_of, head_of, named

JOB_KIND = "usage_query"
_ROWS_AT_ONCE = 2_000


def start_long_answer(query: Query, *, actor: Actor, now: datetime) -> Job:
    """Have a worker write the file; the same question of the same person while it is written is the same job. The
    actor has been found to see all of it; the job keeps to that."""
    arguments = {
        "question": packed(query.question),
        "measures": list(query.measures),
        "by": list(query.by),
        "compares": query.compares,
    }
    asker = str(actor.pk) if isinstance(actor, User) else ""
    digest = hashlib.sha256((asker + json.dumps(arguments, sort_keys=True)).encode()).hexdigest()
    try:
        with transaction.atomic():
            return start_job(
                kind=JOB_KIND,
                actor=actor,
                arguments=arguments,
                exclusive=f"{JOB_KIND} {digest[:32]}",
                now=now,
            )
    except JobRunning as error:
        if (running := error.data.get("jobId")) is None:
            raise
        return Job.objects.get(pk=running)


def run_long_answer(run: Run) -> dict[str, Any]:
    """The job. Progress counts days."""
    given = run.arguments
    query = Query(unpacked(given["question"]), given["measures"], given["by"], compares=given["compares"])
    period = query.question.period
    run.begin_file(f"usage-query-{period.first}-to-{period.last}.json", "application/json")
    count = 0
    run.write(dumps(head_of(query))[:-1] + b',"rows":[')
    for lot in _lots(run, query):
        text = b",".join(dumps(row) for row in named(query, lot))
        run.write((b"," if count and text else b"") + text)
        count += len(lot)
    # Asked last: what came in meanwhile never makes a part larger than the whole.
    foot = foot_of(query, queries.ask_totals(query, now=timezone.now()))
    run.write(b"]," + dumps({**foot, "totalRows": count})[1:])
    return {"rows": count}


def _lots(run: Run, query: Query) -> Iterator[list[Row]]:
    is_recurring = queries.is_recurring(query)
    sums: dict[tuple[Any, ...], Figures] = {}
    total, done = len(query.question.period), 0
    for part in queries.parts_of(query):
        rows = queries.rows_of(part, now=timezone.now())
        done += len(part.question.period)
        run.report(done, total, unit="days", force=True)
        if is_recurring:
            for row in rows:
                sums[row.labels] = sums.get(row.labels, Figures()) + row.figures
            continue
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            yield rows[first : first + _ROWS_AT_ONCE]
    if is_recurring:
        yield queries.in_recurring_order(sums)
