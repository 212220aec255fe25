"""Backups that are made by themselves, and how long they are kept: what administrators set, and what is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import options
from accounts.models import SYSTEM
from accounts.options import Option, one_of, whole
from jobs.models import Job
from jobs.services import JobRunning
from litemaas.locks import hold_until_commit
from portal.backups import servers, services
from portal.backups.errors import BackupUnavailable
from portal.backups.servers import DATABASES

NEVER, DAILY, WEEKLY = "never", "daily", "weekly"
options.declare(
    Option("backupSchedule", lambda: NEVER, one_of(NEVER, DAILY, WEEKLY)),
    # Of the day in UTC. Weekly ones are made on Sundays.
    Option("backupHour", lambda: 3, whole(0, 23)),
    Option("backupKeepDays", lambda: settings.BACKUP_KEEP_DAYS, whole(1, 3650)),
)
PLAN = ["backupSchedule", "backupHour", "backupKeepDays"]
# A turn that nobody could take for so long (no worker ran, say) is left out: the next one comes.
_LATEST = timedelta(hours=12)


def turn_before(now: datetime, plan: dict[str, Any]) -> datetime | None:
    """When a backup was due last; None where none is planned."""
    if plan["backupSchedule"] == NEVER:
        return None
    turn = now.astimezone(UTC).replace(hour=plan["backupHour"], minute=0, second=0, microsecond=0)
    step = timedelta(days=1)
    while turn > now or (plan["backupSchedule"] == WEEKLY and turn.isoweekday() != 7):
        turn -= step
    return turn


def turn_after(now: datetime, plan: dict[str, Any]) -> datetime | None:
    """When the next one is due."""
    last = turn_before(now, plan)
    if last is None:
        return None
    return last + timedelta(days=7 if plan["backupSchedule"] == WEEKLY else 1)


def make_due(*, now: datetime) -> list[Job]:
    """Start what is due and was not started yet. Several at once start nothing twice; one database at a time."""
    turn = turn_before(now, options.values(PLAN))
    if turn is None or now - turn > _LATEST:
        return []
    return [
        job
        for database in DATABASES
        if servers.is_configured(database)
        for job in _begin(database, turn, now)
    ]


@transaction.atomic
def _begin(database: str, turn: datetime, now: datetime) -> list[Job]:
    hold_until_commit("planned backups")
    taken = Job.objects.filter(kind=services.MAKE, arguments__database=database, created_at__gte=turn)
    if taken.exists():
        return []
    try:
        return [services.start_planned_backup(actor=SYSTEM, database=database, now=now)]
    except (JobRunning, BackupUnavailable):
        # The next sweep tries again, until it is too late for this turn.
        return []
