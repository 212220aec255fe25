"""Use cases of backups: make, look, download, try, restore, delete."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts import audit, options
from accounts.models import SYSTEM, Actor
from jobs import registry as job_kinds
from jobs import services as jobs
from jobs.models import Job
from jobs.running import Run
from litellm_sync import registry as gateway_kinds
from litemaas.crypto import columns
from litemaas.errors import Forbidden, InvalidInput
from portal.backups import restoring, servers, store
from portal.backups.aside import restore_aside
from portal.backups.dumping import applied_migrations, make_backup
from portal.backups.errors import BackupDamaged, BackupNotRestorable, BackupUnavailable
from portal.backups.kept import restored_counts
from portal.backups.servers import DATABASES, GATEWAY, PORTAL
from portal.backups.store import Backup
from portal.sync import comparing
from usage.partitions import ensure_partitions

READ, WRITE = "admin:backup:read", "admin:backup"
MAKE, RESTORE, TRY = "backup", "backup-restore", "backup-test-restore"
PAGE = "/operations/settings/backup"
TITLES = {PORTAL: gettext_lazy("Portal"), GATEWAY: gettext_lazy("Gateway")}
# One of them at a time, whichever.
_ALONE = "backup"
_LATER = gettext_noop(
    "What was ended after the backup is open again: keys, subscriptions and accounts. The gateway follows as they are "
    "compared."
)


@dataclass(frozen=True)
class Capability:
    """What can be done with one database, and what is missing where it can't."""

    database: str
    is_configured: bool
    problem: str | None = None


def capabilities(*, actor: Actor) -> list[Capability]:
    _require(actor, READ)
    return [_capability(database) for database in DATABASES]


def _capability(database: str) -> Capability:
    if not servers.is_configured(database):
        return Capability(database, False, "GATEWAY_DATABASE_URL is not set.")
    try:
        store.folder()
        with servers.server_of(database).connection() as opened:
            servers.programs_for(servers.version_of(opened))
    except BackupUnavailable as error:
        return Capability(database, True, error.message)
    return Capability(database, True)


def list_backups(*, actor: Actor) -> list[Backup]:
    """Newest first."""
    _require(actor, READ)
    return store.backups()


def read_backup(*, actor: Actor, backup_id: str) -> Backup:
    """Raises BackupNotFound."""
    _require(actor, READ)
    return store.backup_of(backup_id)


def newest_job(*, actor: Actor) -> Job | None:
    """Of all of its kinds: what goes on now, or what went on last."""
    _require(actor, READ)
    return Job.objects.filter(kind__in=[MAKE, RESTORE, TRY]).order_by("-created_at", "id").first()


def start_backup(*, actor: Actor, database: str, now: datetime) -> Job:
    """Raises JobRunning, and BackupUnavailable where a backup could only fail."""
    _require(actor, WRITE)
    _require_possible(database)
    with transaction.atomic(durable=True):
        return start_planned_backup(actor=actor, database=database, now=now)


def start_planned_backup(*, actor: Actor, database: str, now: datetime) -> Job:
    """The same in the caller's transaction, which found that it is due. Raises JobRunning and BackupUnavailable."""
    _require(actor, WRITE)
    if not store.is_set_up():
        raise BackupUnavailable
    backup_id = store.new_id(database, now)
    arguments = {"database": database, "backupId": backup_id}
    job = jobs.start_job(kind=MAKE, actor=actor, arguments=arguments, exclusive=_ALONE, now=now)
    _audit("backup:create", actor, backup_id, now, database=database)
    return job


def _require_possible(database: str) -> None:
    found = _capability(_known(database))
    if found.problem is not None:
        raise BackupUnavailable(found.problem)


@transaction.atomic(durable=True)
def open_backup(*, actor: Actor, backup_id: str, now: datetime) -> Backup:
    """Whose content is about to leave. Raises BackupNotFound."""
    _require(actor, WRITE)
    backup = store.backup_of(backup_id)
    _audit("backup:download", actor, backup.id, now, database=backup.database)
    return backup


@transaction.atomic(durable=True)
def delete_backup(*, actor: Actor, backup_id: str, now: datetime, reason: str = "") -> Backup:
    """Raises BackupNotFound, and JobRunning while it is being restored."""
    _require(actor, WRITE)
    backup = store.backup_of(backup_id)
    if Job.objects.open().filter(exclusive=_ALONE, arguments__backupId=backup.id).exists():
        raise jobs.JobRunning(_("This backup is being restored. Wait for the end."))
    _audit("backup:delete", actor, backup.id, now, database=backup.database, reason=reason or None)
    store.delete(backup.id)
    return backup


@dataclass
class Restored:
    """What was put in. `where` names the database of a trial."""

    tables: int
    rows: int
    warnings: list[str] = field(default_factory=list)
    milliseconds: int = 0
    where: str | None = None

    @property
    def result(self) -> dict[str, Any]:
        return {
            "success": True,
            "tablesRestored": self.tables,
            "rowsRestored": self.rows,
            "duration": self.milliseconds,
            "warnings": self.warnings,
            **({"testSchema": self.where} if self.where else {}),
        }


def would_restore(*, actor: Actor, backup_id: str, database: str) -> Restored:
    """What a restore would put in. Raises as `start_restore` does, and BackupDamaged."""
    _require(actor, WRITE)
    backup = _restorable(backup_id, database)
    if not backup.is_whole():
        raise BackupDamaged
    return _of(backup, [_LATER] if database == PORTAL else [])


@transaction.atomic(durable=True)
def start_restore(*, actor: Actor, backup_id: str, database: str, now: datetime) -> Job:
    """`database` is the confirmation: it must be the backup's own.

    Raises JobRunning, InvalidInput and BackupNotRestorable.
    """
    _require(actor, WRITE)
    backup = _restorable(backup_id, database)
    arguments = {"backupId": backup.id, "database": database}
    job = jobs.start_job(kind=RESTORE, actor=actor, arguments=arguments, exclusive=_ALONE, now=now)
    _audit("backup:restore", actor, backup.id, now, database=database, state="asked")
    return job


@transaction.atomic(durable=True)
def start_trial(
    *, actor: Actor, backup_id: str, database: str, name: str | None, keeps: bool, now: datetime
) -> Job:
    """Restore into a database beside the real one, compare the rows, drop it unless `keeps`."""
    _require(actor, WRITE)
    backup = _named(backup_id, database)
    arguments = {
        "backupId": backup.id,
        "database": database,
        "name": name or f"litemaas_try_{uuid4().hex[:12]}",
        "keeps": keeps,
    }
    job = jobs.start_job(kind=TRY, actor=actor, arguments=arguments, exclusive=_ALONE, now=now)
    _audit("backup:test-restore", actor, backup.id, now, database=database, testSchema=arguments["name"])
    return job


def forget_old(*, now: datetime) -> int:
    """Delete what is older than administrators want it kept, but never the newest three of a database; how many."""
    store.delete_leftovers(now - timedelta(days=1))
    found, limit = store.backups(), now - timedelta(days=options.value("backupKeepDays"))
    kept = {b.id for database in DATABASES for b in [b for b in found if b.database == database][:3]}
    old = [backup for backup in found if backup.id not in kept and backup.taken_at < limit]
    for backup in old:
        delete_backup(actor=SYSTEM, backup_id=backup.id, now=now, reason="retention")
    return len(old)


def _restore(run: Run) -> dict[str, Any]:
    began = timezone.now()
    backup = _restorable(run.arguments["backupId"], run.arguments["database"])
    done = _of(backup, [_LATER] if backup.database == PORTAL else [])
    if backup.database == PORTAL:
        ensure_partitions(_months(backup))
    restoring.restore(run, backup)
    now = timezone.now()
    done.milliseconds = int((now - began).total_seconds() * 1000)
    facts = {"database": backup.database, "state": "done", "rows": done.rows, "backupOf": backup.timestamp}
    with transaction.atomic():
        _audit("backup:restore", run.actor, backup.id, now, **facts)
    _have_gateway_compared(now)
    return done.result


def _try(run: Run) -> dict[str, Any]:
    began = timezone.now()
    backup, name = store.backup_of(run.arguments["backupId"]), run.arguments["name"]
    differences = restore_aside(run, backup, name, keeps=run.arguments["keeps"])
    if differences:
        raise BackupNotRestorable(_("The rows differ: %(names)s") % {"names": "; ".join(differences[:5])})
    rows = sum(backup.row_counts.values())
    elapsed = int((timezone.now() - began).total_seconds() * 1000)
    return Restored(len(backup.row_counts), rows, [], elapsed, name).result


def register() -> None:
    job_kinds.register(MAKE, gettext_noop("Back up a database"), make_backup, page=PAGE, about=_database_of)
    job_kinds.register(RESTORE, gettext_noop("Restore a database"), _restore, page=PAGE, about=_backup_of)
    job_kinds.register(TRY, gettext_noop("Test a backup"), _try, page=PAGE, about=_backup_of)
    columns.register(store.SealedManifests())


def _database_of(arguments: dict[str, Any]) -> str:
    return str(TITLES.get(arguments.get("database", ""), ""))


def _backup_of(arguments: dict[str, Any]) -> str:
    return str(arguments.get("backupId", ""))


def _have_gateway_compared(now: datetime) -> None:
    """The gateway has what was wished for before; comparing has it follow the wishes that came back."""
    arguments = {"kinds": list(gateway_kinds.reconciled_kinds()), "force": False, "dryRun": False}
    try:
        with transaction.atomic():
            jobs.start_job(
                kind=comparing.JOB, actor=SYSTEM, arguments=arguments, exclusive=comparing.JOB, now=now
            )
    except jobs.JobRunning:
        pass  # it compares with what there is now


def _of(backup: Backup, warnings: list[str]) -> Restored:
    counts = restored_counts(backup)
    return Restored(len(counts), sum(counts.values()), warnings)


def _months(backup: Backup) -> list[datetime]:
    names = [table.rpartition(".")[2] for table in backup.row_counts]
    ends = {name[-7:] for name in names if name.startswith(("usage_logs_", "usage_quarters_"))}
    return [datetime.strptime(f"{end}+0000", "%Y_%m%z") for end in sorted(ends)]


def _named(backup_id: str, database: str) -> Backup:
    backup = store.backup_of(backup_id)
    if _known(database) != backup.database:
        raise InvalidInput(
            fields={"database": _("This is a backup of %(database)s.") % {"database": backup.database}}
        )
    return backup


def _restorable(backup_id: str, database: str) -> Backup:
    backup = _named(backup_id, database)
    if database == PORTAL and backup.migrations != applied_migrations():
        raise BackupNotRestorable(
            _(
                "The backup is of version %(app_version)s, whose tables differ. Restore it with "
                "pg_restore into an empty database, then run migrate (docs/backup.md)."
            )
            % {"app_version": backup.app_version}
        )
    return backup


def _known(database: str) -> str:
    if database not in DATABASES:
        raise InvalidInput(
            fields={"database": _("database must be one of %(names)s.") % {"names": ", ".join(DATABASES)}}
        )
    return database


def _require(actor: Actor, permission: str) -> None:
    if not actor.may(permission):
        raise Forbidden(requiredPermission=permission)


def _audit(action: str, actor: Actor, backup_id: str, now: datetime, **facts: Any) -> None:
    known = {name: value for name, value in facts.items() if value is not None}
    audit.record(action, actor=actor, resource=("backup", backup_id), at=now, metadata=known)
