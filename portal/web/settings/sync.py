"""The tab of the synchronisation: the models that the gateway lists, and how portal and gateway stand to each other."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, require, signed_in
from catalog.sync_jobs import JOB as MODEL_SYNC
from catalog.web.runs import last_runs
from jobs.models import Job
from jobs.web.lines import line_of
from litellm_sync.models import Finding
from litellm_sync.progress import progress
from litemaas.web.progress import JobLine
from portal.sync import comparing, operations, standing
from portal.web.gateway_forms import KINDS
from portal.web.settings.frame import READ, show

_RUNS = 10
WRITE_MODELS = "admin:models"


@dataclass(frozen=True)
class Kind:
    """One kind of object: how many agree, and how many the gateway has not or has otherwise. `name` is the kind whose
    findings tell more."""

    name: str
    title: str
    in_sync: int
    out_of_sync: int


@require_GET
@signed_in
def page(request: PageRequest) -> HttpResponse:
    require(request, READ)
    now = timezone.now()
    state = progress(now=now)
    kinds = [Kind(name, str(KINDS[name]), *counts) for name, counts in standing.consistency().items()]
    kinds.append(Kind("key", _("Subscription"), *standing.subscriptions_in_sync()))
    values = {
        "runs": last_runs(_RUNS),
        "lines": _lines(request),
        "kinds": kinds,
        "last_run": standing.last_run(),
        "progress": state,
        "findings": Finding.objects.shown(now).count(),
        "may_sync": request.user.may(WRITE_MODELS),
    }
    return show(request, "sync", values, may=operations.WRITE)


def _lines(request: PageRequest) -> list[JobLine]:
    """What goes on now."""
    rows = Job.objects.visible_to(request.user).open().filter(kind__in=[MODEL_SYNC, comparing.JOB])
    now = timezone.now()
    return [line_of(job, reader=request.user, now=now) for job in rows.order_by("created_at")]
