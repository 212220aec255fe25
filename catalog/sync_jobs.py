"""Reading the gateway's models on demand: at once where that is quick, as a job where it is not."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Actor
from catalog import sync
from catalog.models import Deployment
from jobs import registry as job_kinds
from jobs import services as jobs
from jobs.models import Job
from jobs.running import Run
from litemaas.errors import Forbidden

JOB = "model-sync"
# What a request can wait for: reading and writing so many takes some seconds.
FEW = 1000


def sync_now(
    *, actor: Actor, trigger: str, confirm: bool = False, marks_missing: bool = True, rewrites: bool = False
) -> sync.Summary | Job:
    """What the run did, or with a long list the job that will do it. Raises JobRunning and what `sync_models` does."""
    if not actor.may("admin:models"):
        raise Forbidden(requiredPermission="admin:models")
    if Deployment.objects.all()[: FEW + 1].count() <= FEW:
        return sync.sync_models(
            actor=actor, trigger=trigger, confirm=confirm, marks_missing=marks_missing, rewrites=rewrites
        )
    with transaction.atomic(durable=True):
        return jobs.start_job(
            kind=JOB,
            actor=actor,
            arguments={
                "trigger": trigger,
                "confirm": confirm,
                "marksMissing": marks_missing,
                "rewrites": rewrites,
            },
            exclusive=JOB,
            now=timezone.now(),
        )


def _run_job(run: Run) -> dict[str, Any]:
    def tell(done: int, total: int) -> None:
        run.report(done, total, unit=gettext_noop("models"))

    wanted = run.arguments
    summary = sync.sync_models(
        actor=run.actor,
        trigger=wanted["trigger"],
        confirm=wanted["confirm"],
        # Not in jobs that waited while the portal was renewed.
        marks_missing=wanted.get("marksMissing", True),
        rewrites=wanted.get("rewrites", False),
        progress=tell,
    )
    names = ("new", "updated", "unavailable", "restored", "problems")
    counts = {name: len(getattr(summary, name)) for name in names}
    return {"syncId": str(summary.run_id), "total": summary.total, **counts}


def register_job() -> None:
    job_kinds.register(
        JOB, gettext_noop("Read the models from the gateway"), _run_job, page="/operations/models"
    )
