"""A job as a line of a page."""

from datetime import datetime
from typing import cast

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from accounts.models import User
from jobs.models import Job
from jobs.registry import kind_of
from litemaas.web.progress import JobLine, State

# What handlers count, for the translators.
UNITS = (gettext_noop("rows"), gettext_noop("days"), gettext_noop("bytes"), gettext_noop("users"))


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
        unit=gettext(job.unit) if job.unit else "",
        step=job.message,
        elapsed=(job.finished_at or now) - job.started_at if job.started_at else None,
        error=job.error,
        address=reverse("job_line", args=[job.pk]),
        cancel=reverse("cancel_job", args=[job.pk]) if not job.is_finished and may_cancel else "",
        file=reverse("job-file", args=[job.pk]) if has_file else "",
        details=reverse("job_page", args=[job.pk]) if links else "",
    )


def name_of(job: Job) -> str:
    try:
        return gettext(kind_of(job.kind).label)
    except KeyError:
        # Of a version that knew more kinds.
        return job.kind
