"""Whom a reading of the gateway's models that went wrong is told."""

from datetime import datetime

from django.utils.translation import gettext_noop

from accounts.models import Actor, User
from catalog.models import SyncRun
from notifications.services import notify

_TITLES = {
    SyncRun.State.STOPPED: gettext_noop("The reading of the models stopped for safety"),
    SyncRun.State.FAILED: gettext_noop("The models could not be read from the gateway"),
}


def tell_operators(run: SyncRun, actor: Actor, *, now: datetime) -> None:
    """All operators but the one who looks on. Of several in a row that end alike the first one is told."""
    before = SyncRun.objects.exclude(pk=run.pk).exclude(finished_at=None).first()
    if before is not None and before.state == run.state:
        return
    notify(
        user_ids=User.objects.operators().exclude(pk=actor.pk).values_list("pk", flat=True),
        kind="sync_problem",
        variant="warning" if run.state == SyncRun.State.STOPPED else "danger",
        title=_TITLES[SyncRun.State(run.state)],
        body=gettext_noop("%(finding)s"),
        parameters={"finding": run.finding},
        link="/operations/models",
        once=f"sync:{run.pk}",
        now=now,
    )
