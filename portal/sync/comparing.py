"""Comparing portal and gateway on demand: at once where that is quick, as a job where it is not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Actor, User
from apikeys.models import ApiKey
from jobs import registry as job_kinds
from jobs import services as jobs
from jobs.models import Job
from jobs.running import Run
from litellm_sync import outbox, registry
from litellm_sync.models import GatewayObject, SyncRun
from litellm_sync.reconciler import KindReport, reconcile
from litemaas.errors import Forbidden, NotFound
from portal.sync.operations import WRITE
from teams.models import Member, Team

JOB = "gateway-sync"
# What a job says that it reads, for the translators.
_WORDS = {
    "user": gettext_noop("Users"),
    "team": gettext_noop("Teams"),
    "member": gettext_noop("Members"),
    "key": gettext_noop("API keys"),
    "model": gettext_noop("Models"),
}
# What a request can wait for: reading them takes about a second.
FEW = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run that has ended, or the job in which it will run."""

    run: SyncRun | None = None
    job: Job | None = None


def compare(
    *, actor: Actor, kinds: Iterable[str], force: bool = False, dry_run: bool = False, now: datetime
) -> Comparison:
    """Compare these kinds, and repair what is ours by policy; with `force` whatever the policy.

    Raises SyncRunning or JobRunning while another one runs.
    """
    if not actor.may(WRITE):
        raise Forbidden(requiredPermission=WRITE)
    chosen = [kind for kind in registry.reconciled_kinds() if kind in set(kinds)]
    arguments = {"kinds": chosen, "force": force, "dryRun": dry_run}
    is_long = GatewayObject.objects.all()[: FEW + 1].count() > FEW
    with transaction.atomic(durable=True):
        audit.record(
            "GATEWAY_SYNC", actor=actor, resource=("SYSTEM_SETTINGS", "gateway"), at=now, metadata=arguments
        )
        if is_long:
            return Comparison(
                job=jobs.start_job(kind=JOB, actor=actor, arguments=arguments, exclusive=JOB, now=now)
            )
    return Comparison(run=reconcile(kinds=chosen, dry_run=dry_run, repair_all=force))


def _run_job(run: Run) -> dict[str, Any]:
    read: dict[str, int] = {}

    def tell(report: KindReport) -> None:
        read[report.kind] = report.there
        run.report(
            sum(read.values()), unit=gettext_noop("objects"), message=_WORDS.get(report.kind, report.kind)
        )

    chosen = run.arguments
    finished = reconcile(
        kinds=chosen["kinds"], dry_run=chosen["dryRun"], repair_all=chosen["force"], progress=tell
    )
    return {"syncId": str(finished.pk), "state": finished.state, "results": finished.results}


def register_job() -> None:
    job_kinds.register(
        JOB, gettext_noop("Compare portal and gateway"), _run_job, page="/operations/gateway/differences"
    )


@transaction.atomic(durable=True)
def push_again(
    *, actor: Actor, user_id: UUID | None, team_id: UUID | None, now: datetime
) -> dict[str, list[UUID]]:
    """Tell the gateway once more about one user or one team with members and keys; what, by kind."""
    if not actor.may(WRITE):
        raise Forbidden(requiredPermission=WRITE)
    asked: dict[str, list[UUID]] = {}
    if user_id is not None:
        asked["user"] = list(User.objects.filter(pk=user_id).values_list("pk", flat=True))
    if team_id is not None:
        asked["team"] = list(Team.objects.filter(pk=team_id).values_list("pk", flat=True))
        asked["member"] = list(Member.objects.current().filter(team_id=team_id).values_list("pk", flat=True))
    if not asked.get("user") and not asked.get("team"):
        raise NotFound(_("There is no such user or team."))
    keys = ApiKey.objects.filter(deleted_at__isnull=True)
    for_user, for_team = Q(owner_id=user_id), Q(team_id=team_id)
    chosen = keys.filter(
        for_user if team_id is None else for_team if user_id is None else for_user & for_team
    )
    asked["key"] = list(chosen.values_list("pk", flat=True))
    for kind, ids in asked.items():
        outbox.mark_dirty(kind, ids, now=now)
    facts = {kind: len(ids) for kind, ids in asked.items()}
    resource = ("USER", str(user_id)) if user_id else ("TEAM", str(team_id))
    audit.record("GATEWAY_SYNC", actor=actor, resource=resource, at=now, metadata=facts)
    return asked
