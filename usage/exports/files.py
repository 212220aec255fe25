"""Files of usage: given at once while they are read, or made by a job when they are large."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Actor
from jobs.models import Job
from jobs.running import Run
from jobs.services import start_job
from litemaas.errors import DomainError
from usage.exports.columns import Table, detail_table, focus_table, grouped_table, own_table
from usage.exports.formats import CONTENT_TYPES, EXTENSIONS, written
from usage.exports.packing import packed, unpacked
from usage.exports.reading import Reader
from usage.questions import Question

# More rows than these are a job's work.
ROWS_AT_ONCE = 100_000
JOB_KIND = "usage_export"
GROUPS = ("user", "model", "provider", "api_key", "team", "cost_center", "day")
# "own" as the contract has it, "marked" with how far each day can be trusted.
SPLITS = (*GROUPS, "own", "marked", "detail")


class TooManyRows(DomainError):
    """`data`: rows, maxRows."""

    code = "LIMIT_EXCEEDS_MAXIMUM"
    default_message = gettext_lazy(
        "The file would have too many rows. Choose a shorter period or more filters."
    )


@dataclass(frozen=True, slots=True)
class Export:
    """`split` is one of SPLITS, `form` one of FORMATS; the form `focus` has rows of its own."""

    question: Question
    split: str
    form: str
    name: str

    @property
    def file_name(self) -> str:
        period = self.question.period
        return f"{self.name}-{period.first}-to-{period.last}.{EXTENSIONS[self.form]}"

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.form]

    def reader(self, now: datetime) -> Reader:
        return Reader(self.question, self._table(), now)

    def _table(self) -> Table:
        if self.form == "focus":
            return focus_table(self.question.period.zone)
        if self.split in {"own", "marked"}:
            return own_table(has_trust=self.split == "marked")
        return detail_table() if self.split == "detail" else grouped_table(self.split)

    def content(self, now: datetime) -> Iterator[bytes]:
        reader = self.reader(now)
        return written(self.form, reader.table.columns, reader.rows())


def start_export(export: Export, *, actor: Actor, now: datetime) -> Job:
    """Have a worker make the file. The actor has been found to see all of it; the job keeps to that."""
    return start_job(kind=JOB_KIND, actor=actor, arguments=_packed(export), now=now)


def run_export(run: Run) -> dict[str, Any]:
    """The job. Progress counts rows."""
    export = _unpacked(run.arguments)
    reader = export.reader(timezone.now())
    total, done = reader.count(), 0
    run.begin_file(export.file_name, export.content_type)

    def counted() -> Iterator[list[Any]]:
        nonlocal done
        for row in reader.rows():
            done += 1
            run.report(done, total, unit="rows") if done % 1000 == 0 else None
            yield row

    for piece in written(export.form, reader.table.columns, counted()):
        run.write(piece)
    run.report(done, max(done, total), unit="rows", force=True)
    return {"rows": done}


def _packed(export: Export) -> dict[str, Any]:
    return {"split": export.split, "form": export.form, "name": export.name, **packed(export.question)}


def _unpacked(given: dict[str, Any]) -> Export:
    return Export(unpacked(given), given["split"], given["form"], given["name"])
