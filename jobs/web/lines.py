"""A job as a line of a page."""

from datetime import datetime
from typing import cast

from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext, gettext_noop

from accounts.models import User
from jobs.models import Job
from jobs.registry import Kind, kind_of
from litemaas.web.progress import JobLine, State

# What handlers count, for the translators.
UNITS = (gettext_noop("rows"), gettext_noop("days"), gettext_noop("users"))


def line_of(job: Job, *, reader: User, now: datetime, links: bool = True) -> JobLine:
    """`links`: its name leads to its own page."""
    is_mine = job.created_by_id == reader.pk
    may_cancel = is_mine or reader.may("admin:system")
    has_file = job.state == Job.State.SUCCEEDED and bool(job.file_name) and is_mine
    return JobLine(
        id=str(job.pk),
        name=name_of(job),
        state=cast(State, job.state),
        done=job.done,
        total=job.total,
        unit=job.unit if job.unit == "bytes" else _words(job.unit),
        step="" if job.is_finished else _words(job.message),
        elapsed=(job.finished_at or now) - job.started_at if job.started_at else None,
        error=_words(job.error),
        address=reverse("job_line", args=[job.pk]),
        cancel=reverse("cancel_job", args=[job.pk]) if not job.is_finished and may_cancel else "",
        file=reverse("job-file", args=[job.pk]) if has_file else "",
        details=reverse("job_page", args=[job.pk]) if links else "",
        about=about(job),
    )


def name_of(job: Job) -> str:
    kind = _kind_of(job)
    return gettext(kind.label) if kind else job.kind


def about(job: Job) -> str:
    """What it works on; "" where its name says it all."""
    kind = _kind_of(job)
    return kind.about(job.arguments) if kind else ""


def page_of(job: Job) -> str:
    """The page that it was asked for on; "" where that is not known."""
    kind = _kind_of(job)
    return get_script_prefix().rstrip("/") + kind.page if kind and kind.page else ""


def _kind_of(job: Job) -> Kind | None:
    try:
        return kind_of(job.kind)
    except KeyError:
        # Of a version that knew more kinds.
        return None


def _words(text: str) -> str:
    """What a worker wrote, in the reader's language where it is one of the marked texts."""
    return gettext(text) if text else ""
