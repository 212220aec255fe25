"""Limits of many people: at once where that is quick, as a job where it is not."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import limits
from accounts.models import Actor
from jobs import registry as job_kinds
from jobs import services as jobs
from jobs.models import Job
from jobs.running import Run

JOB = "bulk-limits"
# What a request can do while somebody waits, in one transaction.
FEW = 200
_MOST_ERRORS = 100
_SAMPLES = 20


@dataclass(frozen=True)
class Asked:
    """`limits` by wire name; for all active people, or those named, or those with a role."""

    limits: dict[str, Any]
    user_ids: list[UUID] | None = None
    role: str | None = None


@dataclass(frozen=True)
class Found:
    """How many people, and the first of them: id → user name."""

    count: int
    samples: dict[str, str]


def whom(*, actor: Actor, asked: Asked) -> Found:
    """Whom the change is for. Raises as the change does."""
    people = limits.people_to_limit(
        actor=actor, limits=asked.limits, user_ids=asked.user_ids, role=asked.role
    )
    return Found(
        people.count(), {str(pk): name for pk, name in people.values_list("pk", "username")[:_SAMPLES]}
    )


def start(*, actor: Actor, asked: Asked, now: datetime) -> Job | dict[str, Any]:
    """The result, or the job that works on it. Raises Forbidden, EmptyChange, InvalidInput and JobRunning."""
    found = whom(actor=actor, asked=asked)
    if found.count > FEW:
        return queue(actor=actor, asked=asked, now=now)
    done = limits.change_limits_of_many(
        actor=actor, limits=asked.limits, user_ids=asked.user_ids, role=asked.role, now=now
    )
    return _facts(done)


def queue(*, actor: Actor, asked: Asked, now: datetime) -> Job:
    """A job, however few they are: its result can be looked up later. Raises as `start` does."""
    found = whom(actor=actor, asked=asked)
    arguments = {
        "limits": {n: str(v) if isinstance(v, Decimal) else v for n, v in asked.limits.items()},
        "userIds": None if asked.user_ids is None else [str(user_id) for user_id in asked.user_ids],
        "role": asked.role,
    }
    with transaction.atomic(durable=True):
        job = jobs.start_job(kind=JOB, actor=actor, arguments=arguments, exclusive=JOB, now=now)
        job.total = found.count
        job.save(update_fields=["total"])
    return job


def _run(run: Run) -> dict[str, Any]:
    chosen = dict(run.arguments["limits"])
    if chosen.get("maxBudget") is not None:
        chosen["maxBudget"] = Decimal(chosen["maxBudget"])
    ids = run.arguments["userIds"]

    def tell(so_far: limits.BulkResult, total: int) -> None:
        run.report(so_far.total, total, unit=gettext_noop("users"), so_far=_facts(so_far))

    done = limits.change_limits_of_many(
        actor=run.actor,
        limits=chosen,
        user_ids=None if ids is None else [UUID(user_id) for user_id in ids],
        role=run.arguments["role"],
        progress=tell,
        now=timezone.now(),
    )
    return _facts(done)


def register_job() -> None:
    job_kinds.register(
        JOB, gettext_noop("Change the limits of many"), _run, page="/operations/settings/limits"
    )


def _facts(done: limits.BulkResult) -> dict[str, Any]:
    return {
        "totalUsers": done.total,
        "successCount": done.done,
        "failedCount": len(done.failed),
        "errors": done.failed[:_MOST_ERRORS],
    }
